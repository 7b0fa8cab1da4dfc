import type { KargoApi } from '../lib/adapters/kubernetes/kargo-api.ts';
import { KargoRefreshTargets, REFRESH_ANNOTATION } from '../lib/adapters/kubernetes/refresh-targets.ts';

/** How long the cluster may take to tell. */
const WITHIN_MS = 5_000;

interface Annotated {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
}

/** Gives the value of every refresh annotation of a cluster, by what carries it: `warehouse demo/shop`. Raises `RetryableError`. */
export async function refreshMarks(kargo: KargoApi): Promise<Map<string, string>> {
  const marks = new Map<string, string>();
  const targets = new KargoRefreshTargets(kargo);
  for (const kind of ['warehouse', 'promotion'] as const) {
    for await (const page of targets.pages(kind, '', AbortSignal.timeout(WITHIN_MS))) {
      for (const { namespace, name, content } of page) {
        const mark = (content as Annotated).metadata?.annotations?.[REFRESH_ANNOTATION];
        if (mark !== undefined) marks.set(`${kind} ${namespace}/${name}`, mark);
      }
    }
  }
  return marks;
}
