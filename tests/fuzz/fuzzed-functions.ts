import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock } from 'node:test';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { kubeconfigOf } from '../cluster/kubeconfig.ts';
import { coldReceiver, coldReconciler, type ReconcilerHandler } from '../support/cold-functions.ts';
import { gatewayEvent, lambdaContext, type ReceiverHandler } from '../support/deliver.ts';
import type { FuzzedDelivery } from './delivery.ts';
import { findUnexpectedWrite, findViolation, type Observation } from './oracle.ts';
import type { Scene } from './scene.ts';
import { cpuMs, longestStallMs } from './stall-meter.ts';
import { Systems } from './systems.ts';
import { SECRETS } from './world.ts';

/** Longest time for which the functions may keep the event loop from other work. */
const MAX_STALL_MS = 50;

/** Bitbucket Cloud sends no larger bodies. A signed one up to the limit of 2 MiB is read in one piece, in a time that grows with it. */
const USUAL_BODY_BYTES = 256 * 1024;
const MAX_STALL_MS_PER_MORE_KB = 0.15;

/** A stall is measured again: the compiler and garbage collection of the runtime are no work of the functions. */
const STALL_ATTEMPTS = 3;

/** Longer than each minimum interval, so that every delivery may look up its receiver, and none repeats the one before. */
const SECONDS_BETWEEN_DELIVERIES = 2.1;

/** Longer than each TTL, so that nothing of a scene's cluster is left in a cache. */
const SECONDS_BETWEEN_SCENES = 600;

const TO_UNKNOWN_PATH = {
  path: `/bitbucket/${'0'.repeat(64)}`,
  headers: {},
  body: '',
  isBase64Encoded: false,
};

const LEVELS = ['debug', 'info', 'warn', 'error', 'log'] as const;

/** What no log line may hold. */
const CONFIDENTIAL = Object.values(SECRETS).flatMap(({ accepted }) => accepted);

/** The wrapped receiver and reconciler, warm for the whole run, with the systems that they call. The clock of this thread is set here. */
export class FuzzedFunctions {
  readonly #systems: Systems;
  readonly #folder: string;
  readonly #receiver: ReceiverHandler;
  readonly #reconciler: ReconcilerHandler;
  readonly #logged: string[] = [];
  #time = Date.now();
  #passedMs = 0;
  /** The longest stall of a delivery, in milliseconds of CPU time. */
  longestStallMs = 0;

  private constructor(systems: Systems, folder: string, handlers: [ReceiverHandler, ReconcilerHandler]) {
    this.#systems = systems;
    this.#folder = folder;
    [this.#receiver, this.#reconciler] = handlers;
    mock.timers.enable({ apis: ['Date'], now: this.#time });
    const now = performance.now.bind(performance);
    performance.now = () => now() + this.#passedMs;
    for (const level of LEVELS) console[level] = (line: unknown) => void this.#logged.push(String(line));
  }

  static async start(): Promise<FuzzedFunctions> {
    const systems = new Systems();
    const addresses = await systems.start();
    const folder = mkdtempSync(join(tmpdir(), 'front-door-fuzz-'));
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigOf({ url: addresses.cluster, token: 'token' }));
    Object.assign(process.env, {
      RECEIVER_BASE_URL: 'https://hooks.example.com/kargo',
      // The secrets are made once, and the clock runs ahead by weeks.
      ROTATION_GRACE_HOURS: '1000000',
      KUBECONFIG: kubeconfig,
      AWS_ENDPOINT_URL: addresses.secrets,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      LOG_LEVEL: 'DEBUG',
      // Log through the global console.
      POWERTOOLS_DEV: 'true',
    });
    return new FuzzedFunctions(systems, folder, [await coldReceiver(), await coldReconciler()]);
  }

  /**
   * Plays the first deliveries of a scene.
   *
   * @throws {Error} that says which delivery did what it must not do
   */
  async play(scene: Scene, deliveries = scene.deliveries.length): Promise<void> {
    this.#pass(SECONDS_BETWEEN_SCENES);
    const objects = [...scene.configs, ...scene.objects].map(({ object }) => object);
    this.#systems.disturbance = undefined;
    if (scene.reconciled) {
      // The reconciler keeps what it knows of a config that cannot be read, which must not be that of another scene either.
      this.#systems.fill();
      await this.#reconcile();
      this.#pass(SECONDS_BETWEEN_SCENES);
    }
    this.#systems.fill(objects);
    // The receiver falls back on an earlier listing of the configs, which must not be that of another scene.
    await this.#observe(toGatewayEvent(TO_UNKNOWN_PATH));
    if (scene.reconciled) await this.#reconcile();
    for (const [index, delivery] of scene.deliveries.slice(0, deliveries).entries()) {
      const violation = await this.#deliver(scene, delivery);
      if (violation !== undefined) throw new Error(`deliveries[${index}]: ${violation}`);
    }
  }

  async stop(): Promise<void> {
    mock.timers.reset();
    await this.#systems.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #reconcile(): Promise<void> {
    const ended = await this.#reconciler({}, lambdaContext()).then(() => '', String);
    if (ended !== '' && !/^Error: \d+ failed: /.test(ended))
      throw new Error(`the reconciler ended with ${ended}`);
    const writes = this.#systems.takeWrites();
    const unexpected = findUnexpectedWrite(writes);
    if (unexpected !== undefined) throw new Error(`the reconciler ${unexpected}`);
    this.#requireClean();
  }

  async #deliver(scene: Scene, delivery: FuzzedDelivery): Promise<string | undefined> {
    const event = toGatewayEvent(delivery);
    this.#systems.disturbance = delivery.disturbance;
    this.#pass(SECONDS_BETWEEN_DELIVERIES);
    const startMs = cpuMs();
    const observed = await this.#observe(event);
    const usedMs = cpuMs() - startMs;
    if (typeof observed === 'string') return observed;
    const writes = this.#systems.takeWrites();
    this.#requireClean(event.headers['x-hub-signature']);
    return findViolation(scene, delivery, { ...observed, writes }) ?? (await this.#findStall(event, usedMs));
  }

  async #observe(event: APIGatewayProxyEventV2): Promise<Omit<Observation, 'writes'> | string> {
    try {
      const { statusCode, headers, body = '' } = await this.#receiver(event, lambdaContext());
      return { status: statusCode, contentType: headers?.['content-type'], body };
    } catch (error) {
      return `it threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    }
  }

  /** Sends a delivery that has used more than a stall's time again, and measures its longest stall. */
  async #findStall(event: APIGatewayProxyEventV2, usedMs: number): Promise<string | undefined> {
    const moreKb = Math.max(0, (event.body ?? '').length - USUAL_BODY_BYTES) / 1024;
    const maxMs = MAX_STALL_MS + moreKb * MAX_STALL_MS_PER_MORE_KB;
    if (usedMs <= maxMs) return undefined;
    let shortestMs = Infinity;
    for (let attempt = 1; attempt <= STALL_ATTEMPTS && shortestMs > maxMs; attempt += 1) {
      this.#pass(SECONDS_BETWEEN_DELIVERIES);
      shortestMs = Math.min(shortestMs, await longestStallMs(() => this.#observe(event)));
    }
    this.#logged.length = 0;
    this.#systems.takeWrites();
    this.longestStallMs = Math.max(this.longestStallMs, shortestMs);
    return shortestMs > maxMs
      ? `it kept the event loop from other work for ${shortestMs.toFixed()} ms`
      : undefined;
  }

  /** Checks and drops what was logged. */
  #requireClean(signature = ''): void {
    const hex = signature.replace(/^.*?=/, '').trim();
    const confidential = hex.length < 32 ? CONFIDENTIAL : [...CONFIDENTIAL, hex];
    const line = this.#logged.find((logged) => confidential.some((text) => logged.includes(text)));
    this.#logged.length = 0;
    if (line !== undefined) throw new Error(`a log line holds a secret or a signature: ${line}`);
  }

  /** Lets time pass on both clocks of the functions. Timers are real. */
  #pass(seconds: number): void {
    this.#passedMs += seconds * 1000;
    this.#time += seconds * 1000;
    mock.timers.setTime(this.#time);
  }
}

function toGatewayEvent({
  path,
  headers,
  body,
  isBase64Encoded,
}: Pick<FuzzedDelivery, 'path' | 'headers' | 'body' | 'isBase64Encoded'>): APIGatewayProxyEventV2 {
  const { body: _sample, ...event } = gatewayEvent({ path });
  return { ...event, headers: { ...headers }, isBase64Encoded, ...(body !== undefined && { body }) };
}
