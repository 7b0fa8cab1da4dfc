import { until } from '../cluster/functions/until.ts';
import type { PassingRequest, ProxyFault } from '../support/loopback-proxy.ts';
import { receiverPath } from '../support/deliver.ts';
import { packageOf, PACKAGES } from './fakes.ts';
import { sendPushes, type Push, type Sent } from './sender.ts';
import { projectOf, repositoryOf, SHARED_REPOSITORY, warehouseOf, type FaultySystem } from './system.ts';

/** A fault, and the pushes that meet it. */
export interface Scenario {
  readonly name: string;
  /** Sends the pushes, causes the fault meanwhile, and ends it. */
  readonly play: (system: FaultySystem) => Promise<Sent[]>;
  /** Whether some pushes are to be answered with an error, because nothing could keep them; otherwise none may be. */
  readonly rejects?: boolean;
}

/** How many pushes the scenarios send. */
export interface Sizes {
  /** Each has a Warehouse of its own. */
  readonly warehouses: number;
  /** Pushes of a scenario in which each takes long. */
  readonly few: number;
}

const isPatch = ({ method }: PassingRequest): boolean => method === 'PATCH';

const answer = (status: number): ProxyFault => ({
  kind: 'answer',
  status,
  body: { kind: 'Status', status: 'Failure', message: 'injected', code: status },
});

/** Lists the scenarios. */
export function listScenarios({ warehouses, few }: Sizes): Scenario[] {
  return [
    {
      name: 'API down for the middle third',
      play: (system) =>
        duringMiddleThird(system, listOwnPushes(system, warehouses), {
          begin: () => {
            disturb(system, () => ({ kind: 'cut' }));
            return system.testbed.cluster.killApi();
          },
          // As behind a load balancer, nothing reaches an API that is not ready.
          end: async () => {
            await system.testbed.cluster.startApi();
            undisturb(system);
          },
        }),
    },
    {
      name: 'API down, and no environment is warm',
      play: async (system) => {
        disturb(system, () => ({ kind: 'cut' }));
        for (const receiver of system.receivers) receiver.kill();
        const sent = await sendPushes(system.receivers, listOwnPushes(system, few));
        undisturb(system);
        return sent;
      },
    },
    {
      name: 'API frozen for the middle third',
      play: (system) =>
        duringMiddleThird(system, listOwnPushes(system, few), {
          begin: () => system.testbed.cluster.freezeApi(true),
          end: () => system.testbed.cluster.freezeApi(false),
        }),
    },
    {
      name: 'API answers 429 for the middle third',
      play: (system) =>
        duringMiddleThird(system, listOwnPushes(system, few), {
          begin: () => disturb(system, () => answer(429)),
          end: () => undisturb(system),
        }),
    },
    {
      name: 'half of the patches fail',
      play: async (system) => {
        disturb(system, (request) =>
          isPatch(request) && /[02468]$/.test(request.path) ? answer(503) : undefined,
        );
        const sent = await sendPushes(system.receivers, listOwnPushes(system, few));
        undisturb(system);
        return sent;
      },
    },
    {
      name: `one push for ${warehouses} Warehouses`,
      play: (system) => sendPushes(system.receivers, [sharedPush(system, warehouses)]),
    },
    {
      name: `the same, and the API fails after half`,
      play: async (system) => {
        let patches = 0;
        disturb(system, (request) => {
          if (isPatch(request)) patches += 1;
          return patches > warehouses / 2 ? { kind: 'cut' } : undefined;
        });
        const sent = await sendPushes(system.receivers, [sharedPush(system, warehouses)]);
        undisturb(system);
        return sent;
      },
    },
    {
      name: 'API and queue refuse',
      rejects: true,
      play: async (system) => {
        disturb(system, () => ({ kind: 'cut' }));
        const sent = await duringMiddleThird(system, listOwnPushes(system, few), {
          begin: () => void (system.queueProxy.fault = () => answer(503)),
          end: () => void (system.queueProxy.fault = () => undefined),
        });
        undisturb(system);
        return sent;
      },
    },
    { name: 'redelivery killed in its batches', play: (system) => killRedeliveries(system, few) },
    {
      name: 'registry down for the middle third',
      play: (system) =>
        duringMiddleThird(system, listRegistryPushes(system), {
          begin: () => void (system.registryProxy.fault = () => ({ kind: 'cut' })),
          end: () => void (system.registryProxy.fault = () => undefined),
        }),
    },
    { name: 'rotation in mid-stream', play: (system) => rotateInMidStream(system, few) },
  ];
}

/** Pushes to the first repositories, of which each has one Warehouse. */
export function listOwnPushes(system: FaultySystem, count: number): Push[] {
  return Array.from({ length: count }, (_, index) => {
    const project = projectOf(index);
    const secret = system.secrets.get(project) ?? '';
    const path = receiverPath(project, 'bb', secret);
    return { path, repository: repositoryOf(index), affects: [warehouseOf(index)], secret };
  });
}

function sharedPush(system: FaultySystem, warehouses: number): Push {
  const affects = Array.from({ length: warehouses }, (_, index) => warehouseOf(index));
  const secret = system.secrets.get('') ?? '';
  return { path: receiverPath('', 'bb', secret), repository: SHARED_REPOSITORY, affects, secret };
}

/** Pushes to the webhook of the package registry, of each package's repository. */
function listRegistryPushes({ registrySecrets: [secret] }: FaultySystem): Push[] {
  return Array.from({ length: PACKAGES }, (_, index) => ({
    path: '/api/webhooks/bitbucket',
    repository: packageOf(index),
    affects: [packageOf(index)],
    secret,
  }));
}

interface Fault {
  readonly begin: () => Promise<void> | void;
  readonly end: () => Promise<void> | void;
}

async function duringMiddleThird(
  { receivers }: FaultySystem,
  pushes: readonly Push[],
  { begin, end }: Fault,
): Promise<Sent[]> {
  const [first, last] = [Math.floor(pushes.length / 3), Math.floor((2 * pushes.length) / 3)];
  return sendPushes(receivers, pushes, async (index) => {
    if (index === first) await begin();
    if (index === last) await end();
  });
}

function disturb(
  { cluster }: FaultySystem,
  fault: (request: PassingRequest) => ProxyFault | undefined,
): void {
  cluster.fault = fault;
}

function undisturb({ cluster }: FaultySystem): void {
  cluster.fault = () => undefined;
}

/** Patches of the redelivery function between two kills of it: a batch holds ten messages. */
const PATCHES_BETWEEN_KILLS = 7;

/** Each makes the messages of a batch wait longer. */
const KILLS = 5;

/** Queues pushes while the API is unreachable, and kills the function several times while it redelivers them. */
async function killRedeliveries(system: FaultySystem, count: number): Promise<Sent[]> {
  const { pollers } = system;
  pollers.isPaused = true;
  disturb(system, () => ({ kind: 'cut' }));
  const sent = await sendPushes(system.receivers, listOwnPushes(system, count));
  let [patches, kills] = [0, 0];
  disturb(system, (request) => {
    if (isPatch(request)) patches += 1;
    if (patches % PATCHES_BETWEEN_KILLS === 0 && kills < KILLS && pollers.killOne()) kills += 1;
    return undefined;
  });
  pollers.isPaused = false;
  await until(async () => kills === KILLS || system.queue.count().visible === 0);
  if (kills === 0) throw new Error('the redelivery function was not killed');
  return sent;
}

/** Rotates the secrets of the first project after a third; both URLs are used from then on. */
async function rotateInMidStream(system: FaultySystem, count: number): Promise<Sent[]> {
  const before = listOwnPushes(system, count);
  const third = Math.floor(count / 3);
  const sent = await sendPushes(system.receivers, before.slice(0, third));
  for (const project of new Set(before.map((_push, index) => projectOf(index)))) await system.rotate(project);
  // The new URL is published, and the owner of the repository changes the webhook in Bitbucket.
  await system.reconcile();
  const after = listOwnPushes(system, count).slice(third);
  const mixed = after.map((push, index) => (index % 2 === 0 ? push : (before[third + index] ?? push)));
  return [...sent, ...(await sendPushes(system.receivers, mixed))];
}
