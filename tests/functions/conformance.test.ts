import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { CONFORMANCE_FILES, playCase, readConformanceCases } from '../support/conformance.ts';
import type { ReceiverHandler } from '../support/deliver.ts';
import { bitbucket, project } from '../support/kargo-objects.ts';
import { startOutside, type Outside } from '../support/outside.ts';

describe.each(CONFORMANCE_FILES)('%s', (_name, file) => {
  const cases = readConformanceCases(file, (index) => `case-${index}`);
  let outside: Outside;
  let handler: ReceiverHandler;

  beforeAll(async () => {
    stopClock();
    outside = await startOutside({
      objects: cases.flatMap(({ objects }, index) => [
        ...project(`case-${index}`, [bitbucket('bitbucket')]),
        ...objects,
      ]),
      secrets: Object.fromEntries(
        cases.map(({ secret }, index) => [`kargo/case-${index}/bitbucket`, JSON.stringify({ secret })]),
      ),
    });
    handler = await outside.receiver();
    await outside.reconcile();
  });

  afterAll(() => outside.close());

  test.each(cases)('$name', async (one) => {
    // Past the interval of look-ups, so that no unknown path waits for it.
    passSeconds(3);
    const result = await playCase(handler, outside.objects, one);
    expect(result).toEqual({ ...result, ...one.expected });
  });
});
