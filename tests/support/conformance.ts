import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { KubernetesObject } from '../../local/fakes/kubernetes/fake-kubernetes.ts';
import type { ClusterClient } from './cluster-client.ts';
import { deliver, receiverPath, signatureOf, type DeliveryOptions, type ReceiverHandler } from './deliver.ts';
import { stage } from './kargo-objects.ts';

/** The project's own cases and, where the workspace has them, the recordings of the real Kargo. */
export const CONFORMANCE_FILES: readonly (readonly [name: string, file: string])[] = [
  'tests/fixtures/conformance/cases.json',
  '../shared/conformance/cases.json',
]
  .map((name) => [name, join(import.meta.dirname, '../..', name)] as const)
  .filter(([, file]) => existsSync(file));

/** Expected result of a delivery. Fields that are absent are not compared. */
export interface Expectation {
  readonly status?: number;
  readonly body?: unknown;
  readonly refreshed?: readonly string[];
}

export interface ConformanceCase {
  readonly name: string;
  readonly objects: readonly KubernetesObject[];
  readonly secret: string;
  readonly delivery: DeliveryOptions;
  readonly expected: Expectation;
}

interface WrittenCase {
  readonly name: string;
  readonly objects: readonly KubernetesObject[];
  readonly secret?: string;
  readonly event?: string;
  readonly payload?: unknown;
  readonly payloadFile?: string;
  readonly padTo?: number;
  readonly contentType?: string;
  readonly headers?: Record<string, string>;
  readonly path?: string;
  readonly sign?: string;
  readonly expect?: Expectation;
  readonly kargo?: Expectation;
}

/** Reads a file of conformance cases. The case at `index` uses the project that `projectOf` returns. */
export function readConformanceCases(file: string, projectOf: (index: number) => string): ConformanceCase[] {
  const suite = JSON.parse(readFileSync(file, 'utf8')) as { secret: string; cases: WrittenCase[] };
  return suite.cases.map((written, index) => {
    const project = projectOf(index);
    const secret = written.secret ?? suite.secret;
    const body = bodyOf(written, dirname(file));
    return {
      name: written.name,
      objects: written.objects.map((object) => ({
        ...object,
        apiVersion: 'kargo.akuity.io/v1alpha1',
        metadata: { ...object.metadata, namespace: project },
      })),
      secret,
      delivery: {
        project,
        receiver: 'bitbucket',
        secret,
        body,
        event: written.event ?? null,
        signature: sign(written.sign, body, secret),
        path: written.path ?? receiverPath(project, 'bitbucket', secret),
        headers: {
          ...written.headers,
          ...(written.contentType === undefined ? {} : { 'content-type': written.contentType }),
        },
      },
      expected: written.expect ?? written.kargo ?? {},
    };
  });
}

/** Returns the Stages of the Promotions among these objects. Kargo rejects a Promotion without its Stage. */
export function stagesOf(objects: readonly KubernetesObject[]): KubernetesObject[] {
  const stages = objects
    .filter(({ kind }) => kind === 'Promotion')
    .map(({ metadata, spec }) => stage(metadata.namespace ?? '', (spec as { stage: string }).stage));
  return [...new Map(stages.map((one) => [`${one.metadata.namespace}/${one.metadata.name}`, one])).values()];
}

/** Sends the delivery of a case. Returns the answer and the refreshed objects, of these kinds or by default of all. */
export async function playCase(
  handler: ReceiverHandler,
  objects: ClusterClient,
  { delivery }: Pick<ConformanceCase, 'delivery'>,
  kinds?: readonly string[],
): Promise<Required<Expectation>> {
  const { status = 0, body } = await deliver(handler, delivery);
  const refreshed = (await objects.takeRefreshed(kinds)).map((object) =>
    object.replace(` ${delivery.project}/`, '/'),
  );
  return { status, body, refreshed };
}

function bodyOf({ payload, payloadFile, padTo = 0 }: WrittenCase, folder: string): string {
  if (payloadFile !== undefined) return readFileSync(join(folder, payloadFile), 'utf8').padEnd(padTo, ' ');
  return (typeof payload === 'string' ? payload : JSON.stringify(payload)).padEnd(padTo, ' ');
}

function sign(how: string | undefined, body: string, secret: string): string | null {
  switch (how) {
    case 'none':
      return null;
    case 'wrong':
      return signatureOf(body, 'not the secret');
    case 'malformed':
      return 'sha256=zz';
    case 'bare':
      return signatureOf(body, secret).replace('sha256=', '');
    default:
      return signatureOf(body, secret, how);
  }
}
