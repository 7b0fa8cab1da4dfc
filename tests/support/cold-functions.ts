import type { handler as reconcilerHandler } from '../../functions/reconciler.ts';
import type { ReceiverHandler } from './deliver.ts';

export type ReconcilerHandler = typeof reconcilerHandler;

/** Loads a receiver with empty caches, as after a cold start, for the current environment. */
export async function coldReceiver(): Promise<ReceiverHandler> {
  return ((await import(newModule('receiver'))) as typeof import('../../functions/receiver.ts')).handler;
}

/** Loads a reconciler with empty memory, as after a cold start, for the current environment. */
export async function coldReconciler(): Promise<ReconcilerHandler> {
  return ((await import(newModule('reconciler'))) as typeof import('../../functions/reconciler.ts')).handler;
}

let imports = 0;

/** Returns a specifier with another query each time, which makes it another module with clients and caches of its own. */
function newModule(name: 'receiver' | 'reconciler'): string {
  imports += 1;
  return `../../functions/${name}.ts?${imports}`;
}
