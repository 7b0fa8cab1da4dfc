import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FakeKubernetes, KubernetesObject } from './fakes/kubernetes/fake-kubernetes.ts';

/** How often changes are saved, in milliseconds. */
const SAVE_INTERVAL_MS = 250;

/**
 * The objects of the fake cluster of one `npm start`, in a file. They outlive the process of the fake, as those of a cluster outlive its
 * API server, and end with `npm start`.
 */
export class ClusterState {
  readonly #path: string;

  constructor(clusterPort: number) {
    this.#path = join(tmpdir(), `kargo-front-door-cluster-${clusterPort}.json`);
  }

  /** Begins without objects: from then on, each fake on this port saves its own. */
  begin(): void {
    writeFileSync(this.#path, '[]', { mode: 0o600 });
  }

  end(): void {
    rmSync(this.#path, { force: true });
  }

  /** Returns the saved objects; none where there are none, or no `npm start`. */
  load(): KubernetesObject[] {
    if (!existsSync(this.#path)) return [];
    const saved = JSON.parse(readFileSync(this.#path, 'utf8')) as KubernetesObject[];
    return saved.map(({ metadata, ...object }) => {
      const { resourceVersion: _version, generation: _generation, ...kept } = metadata;
      return { ...object, metadata: kept };
    });
  }

  /** Saves the objects of the fake from now on, until the process ends or `npm start` does. */
  keep(fake: FakeKubernetes): void {
    let saved = '';
    const save = (): void => {
      const text = JSON.stringify(fake.objects());
      if (text === saved || !existsSync(this.#path)) return;
      writeFileSync(this.#path, text, { mode: 0o600 });
      saved = text;
    };
    setInterval(save, SAVE_INTERVAL_MS).unref();
    process.on('exit', save);
  }
}
