import { ConsoleLines } from './console-lines.ts';
import { receiverPath } from './deliver.ts';
import { Gateway } from './gateway.ts';
import { startTestbed, type Testbed, type TestbedOptions } from './testbed.ts';

/** Secret of the receivers in these tests. */
export const SECRET = '0123456789abcdef';

/** Metrics of a run, by name, where all is well. */
export const ALL_WELL = { ReconcileFailures: 0, UnreadyReceivers: 0, RouteMissing: 0, ContestedReceivers: 0 };
export const METRICS = Object.keys(ALL_WELL);

export const BASE = 'https://hooks.example.com/kargo';

interface ConfigStatus {
  readonly webhookReceivers: { readonly url: string }[];
  readonly conditions: { readonly status: string; readonly reason: string; readonly message: string }[];
}

/** A testbed with API Gateway, in which each receiver has a route of its own. */
export interface RouteTestbed extends Testbed {
  readonly gateway: Gateway;
  /** What the functions have written to the console. */
  readonly lines: ConsoleLines;
  routeKeys(): string[];
  statusOf(project: string): Promise<ConfigStatus>;
  /** Returns the keys of the routes whose URLs a project's status shows. */
  published(project: string): Promise<string[]>;
  /** Denies every read of a project's secrets. */
  denySecretsOf(project: string): void;
}

/** Starts the fakes, and sets the environment for a reconciler that changes routes, logs and emits metrics. */
export async function startRouteTestbed({ settings, ...options }: TestbedOptions): Promise<RouteTestbed> {
  const gateway = new Gateway();
  await gateway.start();
  const testbed = await startTestbed({
    ...options,
    settings: {
      ROUTES_API_ID: 'api',
      AWS_ENDPOINT_URL_APIGATEWAYV2: gateway.url,
      LOG_LEVEL: 'INFO',
      POWERTOOLS_METRICS_DISABLED: 'false',
      ...settings,
    },
  });
  const statusOf = async (name: string) =>
    (await testbed.objects.get('ProjectConfig', name, name)).status as ConfigStatus;
  return {
    ...testbed,
    gateway,
    lines: new ConsoleLines(),
    routeKeys: () => gateway.routes.map(({ routeKey }) => routeKey).toSorted(),
    statusOf,
    published: async (name) =>
      (await statusOf(name)).webhookReceivers.map(({ url }) => url.replace(BASE, 'POST ')),
    denySecretsOf: (name) => denySecretsOf(testbed, name),
    close: async () => {
      await testbed.close();
      await gateway.stop();
    },
  };
}

/** Returns the key of a receiver's route. */
export function routeOf(project: string, receiver = 'bb', secret = SECRET): string {
  return `POST ${receiverPath(project, receiver, secret)}`;
}

/** Returns the entry of a receiver in its project's status. */
export function entryOf(project: string, receiver: string, secret = SECRET): object {
  const path = `/kargo${receiverPath(project, receiver, secret)}`;
  return { name: receiver, path, url: `https://hooks.example.com${path}` };
}

/** Returns the secrets of these projects by name. */
export function secretsOf(...projects: string[]): Record<string, string> {
  return Object.fromEntries(projects.map((name) => [`kargo/${name}/bitbucket`, SECRET]));
}

function denySecretsOf({ store }: Testbed, name: string): void {
  store.fault = ({ operation, body }) => {
    if (operation !== 'BatchGetSecretValue') {
      return body.includes(`kargo/${name}/`)
        ? { kind: 'answer', status: 400, body: { __type: 'AccessDeniedException' } }
        : undefined;
    }
    const rewrite = (answer: string): string => {
      const { SecretValues, Errors = [] } = JSON.parse(answer) as {
        SecretValues: { Name: string }[];
        Errors?: object[];
      };
      const denied = SecretValues.filter(({ Name }) => Name.startsWith(`kargo/${name}/`));
      return JSON.stringify({
        SecretValues: SecretValues.filter((value) => !denied.includes(value)),
        Errors: [
          ...Errors,
          ...denied.map(({ Name }) => ({ SecretId: Name, ErrorCode: 'AccessDeniedException' })),
        ],
      });
    };
    return { kind: 'rewrite', rewrite };
  };
}
