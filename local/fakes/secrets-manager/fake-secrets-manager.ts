import { randomUUID } from 'node:crypto';
import { Ajv, type AnySchema, type ErrorObject, type ValidateFunction } from 'ajv';
import {
  startLoopbackServer,
  type FakeRequest,
  type FakeResponse,
  type RunningFake,
} from '../loopback-server.ts';
import { nowInSeconds, SecretStore, ServiceError, versionAt, type SecretValue } from './secret-store.ts';

/** The members of a request, after they were validated. */
interface Members {
  readonly Name: string;
  readonly SecretId: string;
  readonly SecretIdList: readonly string[];
  readonly ClientRequestToken: string;
  readonly VersionStage?: string;
  readonly SecretString?: string;
  readonly SecretBinary?: string;
  readonly ForceDeleteWithoutRecovery?: boolean;
}

/** One operation: takes the members of a request and returns those of the response. */
interface Action {
  readonly validate: ValidateFunction;
  readonly perform: (store: SecretStore, members: Members) => object;
}

/** A name or an ARN. */
const SECRET_ID = { type: 'string', maxLength: 2_048, pattern: '^[A-Za-z0-9/_+=.@!:-]+$' };

const MEMBERS: Readonly<Record<keyof Members, AnySchema>> = {
  Name: { type: 'string', maxLength: 512, pattern: '^[A-Za-z0-9/_+=.@!-]+$' },
  SecretId: SECRET_ID,
  SecretIdList: { type: 'array', minItems: 1, maxItems: 20, items: SECRET_ID },
  ClientRequestToken: { type: 'string', minLength: 32, maxLength: 64 },
  VersionStage: { type: 'string', minLength: 1, maxLength: 256 },
  SecretString: { type: 'string', minLength: 1, maxLength: 65_536 },
  SecretBinary: { type: 'string', minLength: 1 },
  ForceDeleteWithoutRecovery: { type: 'boolean' },
};

const ajv = new Ajv();

/** Compiles the validator of an operation's members. A member that is ignored would look as if it worked: it is rejected. */
function membersOf(
  required: readonly (keyof Members)[],
  optional: readonly (keyof Members)[] = [],
): ValidateFunction {
  const properties = Object.fromEntries([...required, ...optional].map((name) => [name, MEMBERS[name]]));
  return ajv.compile({ type: 'object', properties, required, additionalProperties: false });
}

const ACTIONS: ReadonlyMap<string, Action> = new Map([
  [
    'CreateSecret',
    {
      validate: membersOf(['Name', 'ClientRequestToken'], ['SecretString', 'SecretBinary']),
      perform: (store, members) => {
        const { Name, ClientRequestToken } = members;
        const { arn } = store.create(Name, ClientRequestToken, valueIn(members));
        return { ARN: arn, Name, VersionId: ClientRequestToken };
      },
    },
  ],
  [
    'PutSecretValue',
    {
      validate: membersOf(['SecretId', 'ClientRequestToken'], ['SecretString', 'SecretBinary']),
      perform: (store, members) => {
        const { SecretId, ClientRequestToken } = members;
        const { arn, name } = store.putVersion(SecretId, ClientRequestToken, valueIn(members));
        return { ARN: arn, Name: name, VersionId: ClientRequestToken, VersionStages: ['AWSCURRENT'] };
      },
    },
  ],
  ['GetSecretValue', { validate: membersOf(['SecretId'], ['VersionStage']), perform: getSecretValue }],
  ['BatchGetSecretValue', { validate: membersOf(['SecretIdList']), perform: batchGetSecretValue }],
  [
    'DeleteSecret',
    {
      validate: membersOf(['SecretId'], ['ForceDeleteWithoutRecovery']),
      perform: (store, { SecretId, ForceDeleteWithoutRecovery = false }) => {
        const secret = ForceDeleteWithoutRecovery ? store.remove(SecretId) : store.markForDeletion(SecretId);
        const DeletionDate = secret?.deletionDate ?? nowInSeconds();
        return { ARN: secret?.arn, Name: secret?.name ?? SecretId, DeletionDate };
      },
    },
  ],
]);

function getSecretValue(
  store: SecretStore,
  { SecretId, VersionStage = 'AWSCURRENT' }: Pick<Members, 'SecretId' | 'VersionStage'>,
): object {
  const secret = store.open(SecretId);
  const { id, value, createdDate } = versionAt(secret, VersionStage);
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: id,
    ...value,
    VersionStages: [VersionStage],
    CreatedDate: createdDate,
  };
}

/** Returns the current values; a secret without one is an entry of `Errors`. */
function batchGetSecretValue(store: SecretStore, { SecretIdList }: Members): object {
  const SecretValues: object[] = [];
  const Errors: object[] = [];
  for (const SecretId of SecretIdList) {
    try {
      SecretValues.push(getSecretValue(store, { SecretId }));
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      Errors.push({ SecretId, ErrorCode: error.type, Message: error.message });
    }
  }
  return { SecretValues, Errors };
}

function valueIn({ SecretString, SecretBinary }: Members): SecretValue {
  if (SecretString !== undefined) return { SecretString };
  if (SecretBinary !== undefined) return { SecretBinary };
  const message = 'You must provide either SecretString or SecretBinary.';
  throw new ServiceError('InvalidRequestException', message);
}

/**
 * Starts an in-memory fake of AWS Secrets Manager, which the SDK's client uses unchanged: CreateSecret, PutSecretValue,
 * GetSecretValue by staging label, BatchGetSecretValue by id, and DeleteSecret. There is one account and one region. It
 * accepts any credentials and encrypts nothing; changes are visible at once. What it does not implement it rejects.
 *
 * @param options.port - 0 selects a free port
 * @param options.secrets - the SecretString of each secret that it holds from the start, by name
 * @throws {ServiceError} for a name or a text that AWS would reject
 * @throws {Error} node's `EADDRINUSE`
 */
export async function startFakeSecretsManager(options: {
  readonly port: number;
  readonly secrets?: Readonly<Record<string, string>>;
}): Promise<RunningFake> {
  const store = new SecretStore();
  for (const [Name, SecretString] of Object.entries(options.secrets ?? {}))
    act(store, 'CreateSecret', { Name, SecretString, ClientRequestToken: randomUUID() });
  return startLoopbackServer(options.port, (request) => respond(store, request));
}

/** AWS JSON 1.1: the operation is a header, both bodies are JSON, and an error carries its name as `__type`. */
function respond(store: SecretStore, { headers, body }: FakeRequest): FakeResponse {
  try {
    const operation = String(headers['x-amz-target'] ?? '').replace(/^secretsmanager\./, '');
    return toResponse(200, act(store, operation, parseBody(body)));
  } catch (error) {
    if (error instanceof ServiceError) return toResponse(400, { __type: error.type, Message: error.message });
    // The message of an internal error could quote a secret.
    return toResponse(500, {
      __type: 'InternalServiceError',
      Message: 'An error occurred on the server side.',
    });
  }
}

function toResponse(status: number, members: object): FakeResponse {
  return { status, type: 'application/x-amz-json-1.1', text: JSON.stringify(members) };
}

function parseBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new ServiceError('SerializationException', 'The request body is not valid JSON.');
  }
}

function act(store: SecretStore, operation: string, members: unknown): object {
  const action = ACTIONS.get(operation);
  if (!action) throw new ServiceError('UnknownOperationException', `Unknown operation ${operation}.`);
  if (!action.validate(members)) throw toServiceError(action.validate.errors?.[0]);
  return action.perform(store, members as Members);
}

/** The message names the member and the rule, never the value. */
function toServiceError(error: ErrorObject | undefined): ServiceError {
  const type = error?.keyword === 'type' ? 'SerializationException' : 'ValidationException';
  const member = error?.instancePath.slice(1) || 'the request';
  const name = error?.params['additionalProperty'] ?? '';
  return new ServiceError(type, `${member}: ${error?.message} ${String(name)}`.trim());
}
