import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { accountFor, accountLine, findFault, headLine, type Account } from './report.ts';
import { listOwnPushes, listScenarios, type Scenario } from './scenarios.ts';
import { MARKER, sendPushes, type Sent } from './sender.ts';
import { FaultySystem } from './system.ts';

const USAGE = 'npm run test:faults -- [--deliveries N] [--only TEXT]';

/** Time for the redeliveries after a fault has ended. A message that has failed often waits for minutes. */
const SETTLE_MS = 300_000;

const POLL_MS = 250;

/** Pushes of a scenario in which each takes seconds. */
const FEW = 120;

const { values } = parseArgs({ options: { deliveries: { type: 'string' }, only: { type: 'string' } } });
const warehouses = Number(values.deliveries ?? 1_000);
if (!Number.isInteger(warehouses) || warehouses < FEW) throw new Error(`N is ${FEW} or more: ${USAGE}`);
const scenarios = listScenarios({ warehouses, few: FEW }).filter(({ name }) =>
  name.includes(values.only ?? ''),
);

console.log(`creating ${warehouses} Warehouses`);
const system = await FaultySystem.start(warehouses);
const confidential = new Set<string>([MARKER]);
let failed = 0;
try {
  await warmUp();
  console.log(headLine());
  for (const scenario of scenarios) await check(scenario);
} finally {
  await system.stop();
}
const leaks = [...confidential].filter((text) => system.logs.some((output) => output.includes(text)));
if (leaks.length > 0) {
  failed += 1;
  console.log(`FAILED: the logs hold ${leaks.length} secrets, signatures or parts of bodies`);
}
const megabytes = system.logs.reduce((sum, output) => sum + output.length, 0) / 1e6;
console.log(`${megabytes.toFixed(1)} MB of logs and all messages searched for ${confidential.size} texts`);
console.log(`${scenarios.length + 1 - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function check(scenario: Scenario): Promise<void> {
  for (const secret of [...system.secrets.values(), ...system.registrySecrets]) confidential.add(secret);
  const sent = await scenario.play(system);
  await settle();
  const account = await readAccount(scenario.name, sent);
  system.cluster.reset();
  system.queueProxy.reset();
  console.log(accountLine(account));
  const fault = findFault(account, scenario.rejects ?? false);
  if (fault === undefined) return;
  failed += 1;
  console.log(`FAILED: ${scenario.name}: ${fault}`);
}

/** Sends a push to each environment: one that has never read the receivers cannot verify a delivery while the API is down. */
async function warmUp(): Promise<void> {
  await sendPushes(system.receivers, listOwnPushes(system, system.receivers.length));
  await settle();
  system.queue.texts.length = 0;
}

/** Waits until the queue is empty. */
async function settle(): Promise<void> {
  const deadline = Date.now() + SETTLE_MS;
  while (messagesLeft(system.queue) > 0 && Date.now() < deadline) await sleep(POLL_MS);
}

async function readAccount(name: string, sent: readonly Sent[]): Promise<Account> {
  for (const { secret, signature } of sent) confidential.add(secret).add(signature.replace('sha256=', ''));
  // What is queued is no place for them either.
  const queued = system.queue.texts.length;
  system.logs.push(...system.queue.texts.splice(0));
  const left = messagesLeft(system.queue) + messagesLeft(system.deadLetters);
  const actedAt = new Map([...(await system.refreshes.read()), ...system.syncedAt]);
  return accountFor(name, sent, actedAt, { queued, left });
}

function messagesLeft(queue: FaultySystem['deadLetters']): number {
  const { visible, inFlight, delayed } = queue.count();
  return visible + inFlight + delayed;
}
