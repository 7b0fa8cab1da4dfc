import type { handler as reconcilerHandler } from '../../functions/reconciler.ts';
import type { ReceiverHandler } from './deliver.ts';

export type ReconcilerHandler = typeof reconcilerHandler;

/** Gives a receiver that has seen nothing yet, as after a cold start, with the environment as it is now. */
export async function coldReceiver(): Promise<ReceiverHandler> {
  return ((await import(anew('receiver'))) as typeof import('../../functions/receiver.ts')).handler;
}

/** Gives a reconciler that has seen nothing yet, with the environment as it is now. */
export async function coldReconciler(): Promise<ReconcilerHandler> {
  return ((await import(anew('reconciler'))) as typeof import('../../functions/reconciler.ts')).handler;
}

let imports = 0;

/** A query makes it another module, with clients and caches of its own. */
function anew(name: 'receiver' | 'reconciler'): string {
  imports += 1;
  return `../../functions/${name}.ts?${imports}`;
}
