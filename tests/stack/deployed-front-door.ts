import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import { receiverPath, type DeliveryAnswer } from '../support/deliver.ts';
import { bitbucket, namespace, projectConfig, warehouse } from '../support/kargo-objects.ts';
import type { Invoked } from './account.ts';
import { DEPLOYED_NAMES, deploy, packageWith, prepareFor, type Packaged, type Tool } from './deployments.ts';
import { inventory } from './inventory.ts';
import { postDelivery } from './post-delivery.ts';
import type { Stage } from './stage.ts';

/** Answer to a push that concerns the Warehouse of a demo project. */
export const REFRESHED = { status: 200, body: { msg: 'refreshed 1 warehouse(s)' } };

/** Returns the names in AWS of a deployment and of its functions. */
export function namesOf(tool: Tool) {
  const name = DEPLOYED_NAMES[tool];
  return {
    name,
    receiver: `${name}-receiver`,
    reconciler: `${name}-reconciler`,
    redelivery: `${name}-redelivery`,
    registrar: `${name}-registrar`,
  };
}

/** Values of the secrets of a demo project: of the receiver `bb` before and after a rotation, and of the other receiver. */
const SECRETS = { first: 'first', second: 'second', other: 'else' };

/** Returns the project that a deployment serves: a Warehouse, and two receivers with their paths before and after a rotation. */
export function demoOf(tool: Tool, secrets = SECRETS) {
  // Without a controller the deletion of a namespace never ends: each deployment has its own.
  const project = `demo-${tool}`;
  return {
    project,
    secrets,
    main: warehouse(project, 'main'),
    config: projectConfig(project, [bitbucket('bb'), bitbucket('other', 'other')]),
    withoutReceiver: { spec: { webhookReceivers: [bitbucket('other', 'other')] } },
    secretNames: [`kargo/${project}/bitbucket`, `kargo/${project}/other`] as const,
    first: receiverPath(project, 'bb', secrets.first),
    second: receiverPath(project, 'bb', secrets.second),
    other: receiverPath(project, 'other', secrets.other),
  };
}

type Demo = ReturnType<typeof demoOf>;

/** A deployment in an emulated account. */
export interface FrontDoor {
  readonly packaged: Packaged;
  /** What the account held before it. */
  readonly before: readonly string[];
  readonly api: { readonly id: string; readonly endpoint: string };
  /** URLs of its queues. */
  readonly retries: string;
  readonly deadLetters: string;
  /** Sends a signed push to a path of its API. */
  post(this: void, path: string, secret: string): Promise<DeliveryAnswer>;
  reconcile(this: void): Promise<Invoked>;
  /** Sends a push while the cluster API is unreachable, to a receiver that has read its configuration before. */
  postWhileDown(this: void, path: string, secret: string): Promise<unknown>;
  /** Sends a push while the cluster API is unreachable, to a receiver that starts with it. */
  postColdWhileDown(this: void, path: string, secret: string): Promise<unknown>;
}

/** Deploys with a kubeconfig, into an account that has the secret with it afterwards. */
export async function deployFrontDoor(
  tool: Tool,
  stage: Stage,
  settings: Readonly<Record<string, string>> = {},
): Promise<FrontDoor> {
  const { name, receiver, reconciler } = namesOf(tool);
  const packaged = await packageWith(tool, stage.emulator.scratch, {
    KUBECONFIG_SECRET_ID: 'kargo-front-door/kubeconfig',
    ...settings,
  });
  await prepareFor(packaged, stage);
  const before = await inventory(stage.emulator.clientConfig);
  await deploy(packaged, stage.emulator);
  const api = await stage.account.api(name);
  await stage.createKubeconfig();
  const post = (path: string, secret: string) => postDelivery(`${api.endpoint}${path}`, { secret });
  const postToInterrupted = async (path: string, secret: string): Promise<unknown> => {
    const resume = await stage.cluster.interrupt();
    // After a second the receiver reads the index again.
    await sleep(1_100);
    const answer = await post(path, secret);
    await resume();
    return answer;
  };
  return {
    packaged,
    before,
    api,
    retries: await stage.queues.urlOf(`${name}-retries`),
    deadLetters: await stage.queues.urlOf(`${name}-retries-dead`),
    post,
    reconcile: () => stage.account.invoke(reconciler),
    postWhileDown: async (path, secret) => {
      expect(await post(path, secret)).toEqual(REFRESHED);
      await stage.objects.takeRefreshed();
      return postToInterrupted(path, secret);
    },
    postColdWhileDown: async (path, secret) => {
      await stage.grants.coolDown(receiver);
      return postToInterrupted(path, secret);
    },
  };
}

/** Creates the project, with the first version of its secret. */
export async function createDemo(
  stage: Stage,
  { project, config, main, secretNames, secrets }: Demo,
): Promise<void> {
  await stage.secrets.create(secretNames[0], JSON.stringify({ secret: secrets.first }));
  await stage.secrets.create(secretNames[1], secrets.other);
  await stage.objects.create(namespace(project), config, main);
}

/** Stores the second version of its secret. */
export async function rotateDemo(stage: Stage, { secretNames, secrets }: Demo): Promise<void> {
  await stage.secrets.rotate(secretNames[0], JSON.stringify({ secret: secrets.second }));
}

/** Deletes the secrets of a deployment, which are not its own. */
export async function deleteSecrets(stage: Stage, { secretNames }: Demo): Promise<void> {
  for (const secretName of secretNames) await stage.secrets.delete(secretName);
  await stage.deleteKubeconfig();
}

/** Returns a message of the retry queue: a push of which the Warehouse `main` is left. */
export function queuedPush({ project }: Demo): object {
  const now = new Date().toISOString();
  return {
    version: 1,
    target: 'kargo',
    event: { kind: 'push', addresses: ['bitbucket.org/acme/shop'], refs: [{ kind: 'branch', name: 'main' }] },
    project,
    receiver: 'bb',
    only: [`${project}/main`],
    reason: 'cluster API unreachable',
    since: now,
    queuedAt: now,
  };
}
