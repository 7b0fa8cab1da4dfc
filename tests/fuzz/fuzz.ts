import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { FuzzedFunctions } from './fuzzed-functions.ts';
import { scenes, type Scene } from './scene.ts';

const USAGE = 'npm run fuzz -- [--runs N] [--seed S]';

/** Deliveries of a run that is given no number: some seconds. */
const DEFAULT_RUNS = 2_000;

/** A run stops after as many scenes with a failure. */
const MAX_FAILURES = 5;

/** Scenes that are played to find the smallest one with the same failure. */
const MAX_SHRINKS = 400;

/** Part of the run in which caches fill and code is compiled; memory is compared with that at its end. */
const WARM_UP = 0.2;

/** Growth of the memory in use that is no leak. What each delivery kept would show as many times more. */
const MAX_GROWTH_MB = 12;

/** Longer texts of a failing scene are printed in part. */
const MAX_PRINTED_CHARACTERS = 2_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const { runs, seed } = readOptions();
process.stdout.write(`fuzzing with seed ${seed}\n`);
const functions = await FuzzedFunctions.start();
let [played, failed] = [0, 0];
let warmMb: number | undefined;
for (let round = 0; played < runs && failed < MAX_FAILURES; round += 1) {
  const isOk = await playRound(seed + round);
  if (!isOk) failed += 1;
  if (warmMb === undefined && played >= runs * WARM_UP) warmMb = usedMb();
}
const growthMb = usedMb() - (warmMb ?? Infinity);
if (growthMb > MAX_GROWTH_MB) {
  failed += 1;
  process.stdout.write(`FAILED: the memory in use has grown by ${growthMb.toFixed(1)} MB\n`);
}
process.stdout.write(
  `seed ${seed}: memory ${growthMb < 0 ? '' : '+'}${growthMb.toFixed(1)} MB since the warm-up, ` +
    `longest stall ${functions.longestStallMs.toFixed()} ms\n${played - failed} passed, ${failed} failed\n`,
);
await functions.stop();
process.exit(failed === 0 ? 0 : 1);

/** Plays one scene, which its seed determines. Where it fails, prints the smallest one that does, and how to play it again. */
async function playRound(roundSeed: number): Promise<boolean> {
  let plays = 0;
  const property = fc.asyncProperty(scenes, async (scene) => {
    plays += 1;
    if (plays > MAX_SHRINKS) return;
    const deliveries = Math.min(scene.deliveries.length, runs - played);
    if (plays === 1) played += deliveries;
    await functions.play(scene, plays === 1 ? deliveries : undefined);
  });
  const result = await fc.check(property, { seed: roundSeed, numRuns: 1 });
  if (!result.failed) return true;
  const [smallest] = result.counterexample ?? [];
  process.stdout.write(
    `FAILED: ${String(result.errorInstance)}\n${smallest === undefined ? '' : print(smallest)}\n` +
      `Play it again: npm run fuzz -- --seed ${roundSeed} --runs 100\n`,
  );
  return false;
}

function print(scene: Scene): string {
  const shorten = (_key: string, value: unknown): unknown =>
    typeof value === 'string' && value.length > MAX_PRINTED_CHARACTERS
      ? `${value.slice(0, MAX_PRINTED_CHARACTERS)}… (${value.length} characters)`
      : value;
  return JSON.stringify(scene, shorten, 2);
}

/** Returns the memory in use, after garbage collection. */
function usedMb(): number {
  for (let times = 0; times < 3; times += 1) collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}

function readOptions(): { runs: number; seed: number } {
  const option = { type: 'string' } as const;
  const { values } = parseArgs({ options: { runs: option, seed: option } });
  const [count, start] = [values.runs ?? DEFAULT_RUNS, values.seed ?? Math.floor(Math.random() * 1e9)].map(
    Number,
  );
  if (!isWhole(count) || !isWhole(start)) throw new Error(`--runs and --seed are whole numbers: ${USAGE}`);
  return { runs: count, seed: start };
}

function isWhole(value: number | undefined): value is number {
  return Number.isSafeInteger(value) && (value ?? -1) >= 0;
}
