import { randomBytes, randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { defineAction, respondInAwsJson, ServiceError, type Action } from '../aws-json.ts';
import { startFakeServer, type LoopbackServer } from '../loopback-server.ts';

interface Secret {
  readonly name: string;
  readonly arn: string;
  /** The oldest first: the last is AWSCURRENT, the one before it AWSPREVIOUS. Dates are in seconds since the epoch. */
  readonly versions: readonly { readonly id: string; readonly text: string; readonly createdDate: number }[];
}

/** Secrets by name. */
type Secrets = Map<string, Secret>;

/** An account that cannot exist, so that no ARN is that of a real secret. */
const ARN_PREFIX = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:';

const length = (min: number, max: number) => v.pipe(v.string(), v.minLength(min), v.maxLength(max));
const Name = v.pipe(length(1, 512), v.regex(/^[\w/+=.@!-]+$/));
/** A name or an ARN. */
const SecretId = v.pipe(length(1, 2_048), v.regex(/^[\w/+=.@!:-]+$/));
const VersionStage = v.optional(v.picklist(['AWSCURRENT', 'AWSPREVIOUS']), 'AWSCURRENT');
const version = { ClientRequestToken: length(32, 64), SecretString: length(1, 65_536) };

const createSecret = defineAction({ Name, ...version }, (secrets: Secrets, { Name: name, ...members }) => {
  if (secrets.has(name)) {
    const message = `The operation failed because the secret ${name} already exists.`;
    throw new ServiceError('ResourceExistsException', message);
  }
  // The six characters make the ARN differ from that of a deleted secret of the same name.
  const arn = `${ARN_PREFIX}${name}-${randomBytes(3).toString('hex')}`;
  return addVersion(secrets, { name, arn, versions: [] }, members);
});

const putSecretValue = defineAction(
  { SecretId, ...version },
  (secrets: Secrets, { SecretId: id, ...members }) => addVersion(secrets, findSecret(secrets, id), members),
);

const getSecretValue = defineAction({ SecretId, VersionStage }, (secrets: Secrets, members) => {
  const { name, arn, versions } = findSecret(secrets, members.SecretId);
  const stage = members.VersionStage;
  const found = versions.at(stage === 'AWSCURRENT' ? -1 : -2);
  if (found === undefined) throw notFound(`secret value for staging label: ${stage}`);
  const { id, text, createdDate } = found;
  const head = { ARN: arn, Name: name, VersionId: id, VersionStages: [stage] };
  return { ...head, SecretString: text, CreatedDate: createdDate };
});

const batchGetSecretValue = defineAction(
  { SecretIdList: v.pipe(v.array(SecretId), v.minLength(1), v.maxLength(20)) },
  (secrets: Secrets, { SecretIdList }) => {
    const SecretValues: object[] = [];
    const Errors: object[] = [];
    for (const id of SecretIdList) {
      try {
        SecretValues.push(getSecretValue(secrets, { SecretId: id }));
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        Errors.push({ SecretId: id, ErrorCode: error.type, Message: error.message });
      }
    }
    return { SecretValues, Errors };
  },
);

const listSecrets = defineAction(
  {
    Filters: v.optional(v.array(v.strictObject({ Key: v.literal('name'), Values: v.array(v.string()) })), []),
    MaxResults: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(100)), 100),
    NextToken: v.optional(v.string()),
  },
  (secrets: Secrets, { Filters, MaxResults, NextToken }) => {
    const prefixes = Filters.flatMap(({ Values }) => Values);
    const found = [...secrets.values()].filter(
      ({ name }) => prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix)),
    );
    const start = Number(NextToken ?? 0);
    const end = start + MaxResults;
    const SecretList = found.slice(start, end).map(({ name, arn, versions }) => ({
      ARN: arn,
      Name: name,
      LastChangedDate: versions.at(-1)?.createdDate,
      SecretVersionsToStages: Object.fromEntries(
        versions
          .slice(-2)
          .map(({ id }, index, last) => [id, [index === last.length - 1 ? 'AWSCURRENT' : 'AWSPREVIOUS']]),
      ),
    }));
    return { SecretList, ...(end < found.length && { NextToken: String(end) }) };
  },
);

const deleteSecret = defineAction(
  { SecretId, ForceDeleteWithoutRecovery: v.literal(true) },
  (secrets: Secrets, members) => {
    const { name, arn } = findSecret(secrets, members.SecretId);
    secrets.delete(name);
    return { ARN: arn, Name: name, DeletionDate: Date.now() / 1_000 };
  },
);

const ACTIONS: ReadonlyMap<string, Action<Secrets>> = new Map([
  ['CreateSecret', createSecret],
  ['PutSecretValue', putSecretValue],
  ['GetSecretValue', getSecretValue],
  ['BatchGetSecretValue', batchGetSecretValue],
  ['ListSecrets', listSecrets],
  ['DeleteSecret', deleteSecret],
]);

/**
 * Starts an in-memory fake of AWS Secrets Manager, which the SDK's client uses unchanged: CreateSecret and PutSecretValue with
 * text, GetSecretValue by staging label, BatchGetSecretValue by id, ListSecrets by name, and DeleteSecret without recovery. There is one
 * account and one region. It accepts any credentials and encrypts nothing; changes are visible at once. It rejects what it does not
 * implement.
 *
 * @param options.port - 0 selects a free port
 * @param options.secrets - the text of each secret that it holds from the start, by name
 * @throws {Error} for a name or a text that AWS would reject, and node's `EADDRINUSE`
 */
export async function startFakeSecretsManager(options: {
  readonly port: number;
  readonly secrets?: Readonly<Record<string, string>>;
}): Promise<LoopbackServer> {
  const secrets: Secrets = new Map();
  for (const [name, text] of Object.entries(options.secrets ?? {}))
    createSecret(secrets, { Name: name, SecretString: text, ClientRequestToken: randomUUID() });
  return startFakeServer(options.port, (request) => respondInAwsJson('1.1', ACTIONS, secrets, request));
}

function addVersion(
  secrets: Secrets,
  { name, arn, versions }: Secret,
  { ClientRequestToken: id, SecretString: text }: { ClientRequestToken: string; SecretString: string },
): object {
  const createdDate = Date.now() / 1_000;
  secrets.set(name, { name, arn, versions: [...versions, { id, text, createdDate }] });
  return { ARN: arn, Name: name, VersionId: id };
}

function findSecret(secrets: Secrets, secretId: string): Secret {
  const secret = secrets.get(secretId) ?? [...secrets.values()].find(({ arn }) => arn === secretId);
  if (secret === undefined) throw notFound('secret.');
  return secret;
}

function notFound(what: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `Secrets Manager can't find the specified ${what}`);
}
