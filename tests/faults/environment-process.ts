import type { Context } from 'aws-lambda';
import { lambdaContext } from '../support/deliver.ts';

/** One invocation, as the parent process sends it. */
export interface Invocation {
  readonly event: object;
  readonly timeoutMs: number;
}

/** The reply to an invocation. */
export type InvocationResult = { readonly result: unknown } | { readonly error: string };

type Handler = (event: object, context: Context) => Promise<unknown>;

// Runs one function in a process of its own, as Lambda does: one event at a time.
const [name = ''] = process.argv.slice(2);
const { handler } = (await import(`../../functions/${name}.ts`)) as { readonly handler: Handler };
let invocations = 0;

process.on('message', ({ event, timeoutMs }: Invocation) => {
  const deadline = Date.now() + timeoutMs;
  invocations += 1;
  const context = {
    ...lambdaContext(),
    awsRequestId: `${name}-${process.pid}-${invocations}`,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  handler(event, context).then(
    (result) => process.send?.({ result } satisfies InvocationResult),
    (error: unknown) => process.send?.({ error: String(error) } satisfies InvocationResult),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ result: 'ready' } satisfies InvocationResult);
