import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { passSeconds, stopClock } from '../support/clock.ts';
import { CONFORMANCE_FILES, playCase, readConformanceCases } from '../support/conformance.ts';
import type { ReceiverHandler } from '../support/deliver.ts';
import { bitbucket, project } from '../support/kargo-objects.ts';
import { startTestbed, type Testbed } from '../support/testbed.ts';

describe.each(CONFORMANCE_FILES)('%s', (_name, file) => {
  const cases = readConformanceCases(file, (index) => `case-${index}`);
  let testbed: Testbed;
  let handler: ReceiverHandler;

  beforeAll(async () => {
    stopClock();
    testbed = await startTestbed({
      objects: cases.flatMap(({ objects }, index) => [
        ...project(`case-${index}`, [bitbucket('bitbucket')]),
        ...objects,
      ]),
      secrets: Object.fromEntries(
        cases.map(({ secret }, index) => [`kargo/case-${index}/bitbucket`, JSON.stringify({ secret })]),
      ),
    });
    handler = await testbed.receiver();
    await testbed.reconcile();
  });

  afterAll(() => testbed.close());

  test.each(cases)('$name', async (one) => {
    // Longer than the minimum interval, so that an unknown path causes a lookup.
    passSeconds(3);
    const result = await playCase(handler, testbed.objects, one);
    expect(result).toEqual({ ...result, ...one.expected });
  });
});
