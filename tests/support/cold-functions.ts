import type { handler as reconcilerHandler } from '../../functions/reconciler.ts';
import type { handler as registrarHandler } from '../../functions/registrar.ts';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { lambdaContext, ReceiverHandler } from './deliver.ts';

export type ReconcilerHandler = typeof reconcilerHandler;
export type RegistrarHandler = typeof registrarHandler;

/** Loads a receiver with empty caches, as after a cold start, for the current environment. */
export async function coldReceiver(): Promise<ReceiverHandler> {
  return ((await import(newModule('receiver'))) as typeof import('../../functions/receiver.ts')).handler;
}

/** Loads a reconciler with empty memory, as after a cold start, for the current environment. */
export async function coldReconciler(): Promise<ReconcilerHandler> {
  return ((await import(newModule('reconciler'))) as typeof import('../../functions/reconciler.ts')).handler;
}

/** The function as Lambda sees it. */
export type RedeliveryHandler = (
  event: SQSEvent,
  context: ReturnType<typeof lambdaContext>,
) => Promise<SQSBatchResponse>;

/** Loads a redelivery function, as after a cold start, for the current environment. */
export async function coldRedelivery(): Promise<RedeliveryHandler> {
  const loaded = (await import(newModule('redelivery'))) as typeof import('../../functions/redelivery.ts');
  return loaded.handler as RedeliveryHandler;
}

/** Loads a registrar with empty memory, as after a cold start, for the current environment. */
export async function coldRegistrar(): Promise<RegistrarHandler> {
  return ((await import(newModule('registrar'))) as typeof import('../../functions/registrar.ts')).handler;
}

let imports = 0;

/** Returns a specifier with another query each time, which makes it another module with clients and caches of its own. */
function newModule(name: 'receiver' | 'reconciler' | 'redelivery' | 'registrar'): string {
  imports += 1;
  return `../../functions/${name}.ts?${imports}`;
}
