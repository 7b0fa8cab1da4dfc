import {
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import type { ClientConfig } from './emulator.ts';

/** One statement of a role's policy. */
interface Statement {
  readonly Sid: string;
}

/** The rights of the functions' roles: the statements of the one policy that each has. */
export class Grants {
  readonly #iam: IAMClient;
  readonly #lambda: LambdaClient;

  constructor(config: ClientConfig) {
    this.#iam = new IAMClient(config);
    this.#lambda = new LambdaClient(config);
  }

  /** Returns the names of the statements of a function's role. */
  async of(functionName: string): Promise<string[]> {
    const { statements } = await this.#policyOf(functionName);
    return statements.map(({ Sid }) => Sid);
  }

  /** Acts while one statement is missing in the policy of a function's role, and returns the result. */
  async without<Result>(functionName: string, sid: string, act: () => Promise<Result>): Promise<Result> {
    const { role, policy, document, statements } = await this.#policyOf(functionName);
    const put = async (left: readonly Statement[]): Promise<void> => {
      const changed = JSON.stringify({ ...document, Statement: left });
      const command = { RoleName: role, PolicyName: policy, PolicyDocument: changed };
      await this.#iam.send(new PutRolePolicyCommand(command));
      await this.coolDown(functionName);
    };
    await put(statements.filter(({ Sid }) => Sid !== sid));
    try {
      return await act();
    } finally {
      await put(statements);
    }
  }

  /** Makes the function's next run a cold start. */
  async coolDown(name: string): Promise<void> {
    const { Environment } = await this.#lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName: name }),
    );
    const Variables = { ...Environment?.Variables, COLD: crypto.randomUUID() };
    const change = { FunctionName: name, Environment: { Variables } };
    await this.#lambda.send(new UpdateFunctionConfigurationCommand(change));
  }

  close(): void {
    this.#iam.destroy();
    this.#lambda.destroy();
  }

  async #policyOf(functionName: string) {
    const found = await this.#lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName: functionName }),
    );
    const role = found.Role?.split('/').at(-1) ?? '';
    const { PolicyNames = [] } = await this.#iam.send(new ListRolePoliciesCommand({ RoleName: role }));
    const policy = PolicyNames[0] ?? '';
    const { PolicyDocument = '' } = await this.#iam.send(
      new GetRolePolicyCommand({ RoleName: role, PolicyName: policy }),
    );
    const document = JSON.parse(decodeURIComponent(PolicyDocument)) as { Statement: Statement[] };
    return { role, policy, document, statements: document.Statement };
  }
}
