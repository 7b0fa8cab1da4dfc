import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findOrBuildBinaries, NEEDS } from './binaries.ts';

describe('the programs of a real cluster API', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'binaries-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('are those of KUBEBUILDER_ASSETS where that is set', async () => {
    const found = { etcd: path.join(folder, 'etcd'), kubeApiserver: path.join(folder, 'kube-apiserver') };
    for (const file of Object.values(found)) writeFileSync(file, '');
    await expect(findOrBuildBinaries({ KUBEBUILDER_ASSETS: folder })).resolves.toEqual(found);
  });

  test('are named where KUBEBUILDER_ASSETS lacks them', async () => {
    await expect(findOrBuildBinaries({ KUBEBUILDER_ASSETS: '/nowhere' })).rejects.toThrow(
      `KUBEBUILDER_ASSETS: /nowhere/etcd not found. ${NEEDS}`,
    );
  });

  test('cannot be built without Go, which one line reports', async () => {
    await expect(findOrBuildBinaries({ XDG_CACHE_HOME: folder, PATH: '' })).rejects.toThrow(NEEDS);
    expect(NEEDS).not.toContain('\n');
  });
});
