import * as v from 'valibot';
import { CLUSTER_PROJECT } from './project-patterns.ts';

/** A Bitbucket receiver that a ProjectConfig or the ClusterConfig declares. */
export interface Receiver {
  /** The project whose objects it acts on; empty for a receiver of the ClusterConfig, which acts on all. */
  readonly project: string;
  readonly name: string;
  /** `bitbucket.secretRef.name`. */
  readonly secretName: string;
}

/** The fields of a ProjectConfig or ClusterConfig that concern receivers. */
export interface ReceiverConfig {
  readonly kind: 'ProjectConfig' | 'ClusterConfig';
  /** Empty for the ClusterConfig. */
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly generation: number | undefined;
  /** Its annotation {@link WEBHOOKS_ANNOTATION}, which declares webhooks in Bitbucket; undefined where it has none. */
  readonly webhooks?: string;
  /** Every receiver of the spec, in its order. */
  readonly declared: readonly DeclaredReceiver[];
  readonly status: {
    readonly webhookReceivers: readonly StatusEntry[];
    readonly conditions: readonly Condition[];
  };
}

/** A receiver as the spec declares it. */
export type DeclaredReceiver =
  | { readonly kind: 'bitbucket'; readonly name: string; readonly receiver: Receiver }
  /** Not served, because the project has as many Bitbucket receivers before it as it may have. */
  | { readonly kind: 'over-limit'; readonly name: string }
  /** A Bitbucket receiver whose declaration cannot be used. */
  | { readonly kind: 'unusable'; readonly name: string; readonly reason: string }
  /** Of another kind; it belongs to Kargo's own server. */
  | { readonly kind: 'other'; readonly name: string };

export type StatusEntry = v.InferOutput<typeof statusEntry>;
export type Condition = v.InferOutput<typeof condition>;

/** Annotation of a ProjectConfig or the ClusterConfig that declares where its receivers have webhooks in Bitbucket. */
export const WEBHOOKS_ANNOTATION = 'kargo-front-door/webhooks';

/** A valid name of a Kubernetes Secret. It has no `/`, so that no project can name another project's secret. */
const SECRET_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Unknown fields are kept, because others' entries and conditions are written back as they were. */
const statusEntry = v.looseObject({ name: v.optional(v.string()), path: v.optional(v.string()) });
const condition = v.looseObject({ type: v.string() });

const config = v.object({
  metadata: v.object({
    name: v.string(),
    namespace: v.optional(v.string(), ''),
    resourceVersion: v.optional(v.string(), ''),
    generation: v.optional(v.number()),
    annotations: v.nullish(v.record(v.string(), v.unknown())),
  }),
  spec: v.nullish(
    v.object({
      webhookReceivers: v.nullish(
        v.array(v.looseObject({ name: v.string(), bitbucket: v.nullish(v.unknown()) })),
      ),
    }),
  ),
  status: v.nullish(
    v.object({
      webhookReceivers: v.nullish(v.array(statusEntry)),
      conditions: v.nullish(v.array(condition)),
    }),
  ),
});

const bitbucket = v.object({ secretRef: v.object({ name: v.pipe(v.string(), v.regex(SECRET_NAME)) }) });

/**
 * Reads a ProjectConfig or ClusterConfig as the cluster holds it. One receiver that cannot be used does not affect the others.
 *
 * @param maxReceivers - usable Bitbucket receivers that a ProjectConfig may have; those after them are over the limit. The
 *   ClusterConfig is the platform team's own and has no limit.
 * @returns the config, or the reason why the object cannot be read
 */
export function readReceiverConfig(
  kind: ReceiverConfig['kind'],
  object: unknown,
  maxReceivers = Infinity,
): ReceiverConfig | string {
  const parsed = v.safeParse(config, object, { abortEarly: true });
  if (!parsed.success) return `${v.getDotPath(parsed.issues[0]) ?? 'the object'} cannot be read`;
  const { metadata, spec, status } = parsed.output;
  const webhooks = metadata.annotations?.[WEBHOOKS_ANNOTATION];
  const declared = (spec?.webhookReceivers ?? []).map((entry) =>
    readDeclared(metadata.namespace, entry.name, entry.bitbucket),
  );
  return {
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation,
    ...(typeof webhooks === 'string' && { webhooks }),
    declared: kind === 'ClusterConfig' ? declared : limitReceivers(declared, maxReceivers),
    status: { webhookReceivers: status?.webhookReceivers ?? [], conditions: status?.conditions ?? [] },
  };
}

/** Formats the name of a config for messages: `ProjectConfig demo/demo`. */
export function describeConfig({
  kind,
  namespace,
  name,
}: Pick<ReceiverConfig, 'kind' | 'namespace' | 'name'>): string {
  return namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

/** Lists the receivers of a config that are served. */
export function usableReceivers({ declared }: Pick<ReceiverConfig, 'declared'>): Receiver[] {
  return declared.filter((entry) => entry.kind === 'bitbucket').map(({ receiver }) => receiver);
}

/** Identifies a receiver among those of the whole cluster. */
export function receiverKey(project: string, name: string): string {
  return `${project}/${name}`;
}

/** Names a receiver in the lines of a log. */
export function receiverFields({ project, name }: Pick<Receiver, 'project' | 'name'>): {
  receiver: string;
  project: string;
} {
  return { receiver: name, project: project || CLUSTER_PROJECT };
}

function readDeclared(project: string, name: string, declaration: unknown): DeclaredReceiver {
  if (declaration === undefined || declaration === null) return { kind: 'other', name };
  if (!v.is(bitbucket, declaration)) {
    return { kind: 'unusable', name, reason: 'bitbucket.secretRef.name is not the name of a Secret' };
  }
  return { kind: 'bitbucket', name, receiver: { project, name, secretName: declaration.secretRef.name } };
}

function limitReceivers(declared: readonly DeclaredReceiver[], max: number): DeclaredReceiver[] {
  let served = 0;
  return declared.map((entry) => {
    if (entry.kind !== 'bitbucket') return entry;
    served += 1;
    return served <= max ? entry : { kind: 'over-limit', name: entry.name };
  });
}
