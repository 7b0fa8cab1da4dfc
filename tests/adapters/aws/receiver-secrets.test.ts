import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SecretsManagerServiceException } from '@aws-sdk/client-secrets-manager';
import { StoredReceiverSecrets } from '../../../lib/adapters/aws/receiver-secrets.ts';
import type { StoredReading } from '../../../lib/adapters/aws/secrets-manager.ts';
import { RetryableError } from '../../../lib/app/errors.ts';
import type { Receiver } from '../../../lib/core/kargo/receiver.ts';

const LONG_AGO = new Date('2020-01-01T00:00:00Z');
const found: StoredReading = {
  kind: 'found',
  version: { text: 'secret', versionId: 'v1', createdAt: LONG_AGO },
};
const live = new AbortController().signal;

function unavailable(name: string): RetryableError {
  const cause = new SecretsManagerServiceException({ name, $fault: 'server', $metadata: {} });
  return new RetryableError('secret store unavailable', { cause, detail: name });
}

/** Fake of the store; `errorOf` returns the error for a request for these secrets, if any. */
class FakeStore {
  readonly batches: (readonly string[])[] = [];
  readonly reads: string[] = [];
  errorOf: (ids: readonly string[], isBatch: boolean) => Error | undefined = () => undefined;

  async readBatch(ids: readonly string[]): Promise<Map<string, StoredReading>> {
    this.batches.push(ids);
    const error = this.errorOf(ids, true);
    if (error !== undefined) throw error;
    return new Map(ids.map((id) => [id, found]));
  }

  async read(id: string): Promise<StoredReading> {
    this.reads.push(id);
    const error = this.errorOf([id], false);
    if (error !== undefined) throw error;
    return found;
  }
}

const receiversOf = (count: number): Receiver[] =>
  Array.from({ length: count }, (_, index) => ({ project: 'demo', name: 'bb', secretName: `s${index}` }));

let store: FakeStore;
let secrets: StoredReceiverSecrets;

beforeEach(() => {
  jest.useFakeTimers();
  store = new FakeStore();
  secrets = new StoredReceiverSecrets({
    store,
    secretIdOf: ({ secretName }) => secretName,
    clock: () => new Date(),
    graceMs: 1000,
  });
});

afterEach(() => {
  jest.useRealTimers();
});

async function read(count: number): Promise<(string | undefined)[]> {
  const reading = secrets.read(receiversOf(count), 'store', live);
  const outcome = reading.then(
    (readings) =>
      readings.map((one) =>
        one.kind === 'fault' ? `${one.isRetryable ? 'retryable' : 'terminal'}: ${one.reason}` : undefined,
      ),
    (error: unknown) => Promise.reject(error),
  );
  outcome.catch(() => undefined);
  await jest.advanceTimersByTimeAsync(60_000);
  return outcome;
}

describe('the rate of batch reads', () => {
  test('is 40 a second, however many secrets there are', async () => {
    const reading = secrets.read(receiversOf(4_000), 'store', live);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(store.batches).toHaveLength(41);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(store.batches).toHaveLength(81);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(store.batches).toHaveLength(200);
    expect(await reading).toHaveLength(4_000);
  });

  test('is limited across reads', async () => {
    const reading = Promise.all([1, 2, 3, 4].map(() => secrets.read(receiversOf(400), 'store', live)));
    await jest.advanceTimersByTimeAsync(1_000);
    expect(store.batches).toHaveLength(41);
    await jest.advanceTimersByTimeAsync(60_000);
    await reading;
    expect(store.batches).toHaveLength(80);
  });

  test('does not apply to the read of one secret', async () => {
    for (let times = 0; times < 100; times += 1) await secrets.read(receiversOf(1), 'store', live);
    expect([store.reads.length, store.batches.length]).toEqual([100, 0]);
  });

  test('is no longer waited for when the signal ends', async () => {
    const end = new AbortController();
    const reading = secrets.read(receiversOf(4_000), 'store', end.signal);
    const outcome = reading.catch(String);
    await jest.advanceTimersByTimeAsync(500);
    end.abort();
    expect(await outcome).toBe('RetryableError: secret store unavailable: no time left to wait');
    expect(store.batches).toHaveLength(21);
  });

  test('is not used up by reads that were ended', async () => {
    const ended = AbortSignal.abort();
    await secrets.read(receiversOf(4_000), 'store', ended).catch(() => undefined);
    const reading = secrets.read(receiversOf(40), 'store', live);
    await jest.advanceTimersByTimeAsync(50);
    expect(await reading).toHaveLength(40);
  });
});

describe('an error of the store', () => {
  const isOf = (id: string) => (ids: readonly string[]) => ids.includes(id);
  const unreadable = 'retryable: Secret "s1" cannot be read: secret store unavailable: ';

  test('for a batch is that of a single secret, where one can cause it', async () => {
    store.errorOf = (ids) => (isOf('s1')(ids) ? unavailable('InternalServiceError') : undefined);
    const readings = await read(30);
    expect(readings[1]).toBe(`${unreadable}InternalServiceError`);
    expect(readings.filter((reading) => reading !== undefined)).toHaveLength(1);
  });

  test('for a batch is that of all its secrets, where no single one can cause it', async () => {
    store.errorOf = (ids) => (isOf('s1')(ids) ? unavailable('ThrottlingException') : undefined);
    const readings = await read(30);
    expect(readings[1]).toBe(`${unreadable}ThrottlingException`);
    expect(readings.map((reading) => reading !== undefined)).toEqual(
      Array.from({ length: 30 }, (_, index) => index < 20),
    );
    // Single reads of the other batch's secrets, for the dates of their versions.
    expect(store.reads).toHaveLength(10);
  });

  test('for all batches ends the read, without reading each secret', async () => {
    store.errorOf = () => unavailable('InternalServiceError');
    await expect(read(60)).rejects.toThrow('secret store unavailable: InternalServiceError');
    expect([store.batches.length, store.reads.length]).toEqual([3, 0]);
  });

  test('for the only secret ends the read', async () => {
    store.errorOf = () => unavailable('InternalServiceError');
    await expect(read(1)).rejects.toThrow('secret store unavailable: InternalServiceError');
  });

  test('that is a bug is thrown unchanged', async () => {
    store.errorOf = (ids) => (isOf('s1')(ids) ? new TypeError('bug') : undefined);
    await expect(read(30)).rejects.toThrow('bug');
  });
});
