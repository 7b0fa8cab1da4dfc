import * as v from 'valibot';

/** A Bitbucket receiver that a ProjectConfig or the ClusterConfig declares. */
export interface Receiver {
  /** The project whose objects it acts on; empty for a receiver of the ClusterConfig, which acts on all. */
  readonly project: string;
  readonly name: string;
  /** `bitbucket.secretRef.name`. */
  readonly secretName: string;
}

/** A ProjectConfig or ClusterConfig as far as receivers go. */
export interface ReceiverConfig {
  readonly kind: 'ProjectConfig' | 'ClusterConfig';
  /** Empty for the ClusterConfig. */
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly generation: number | undefined;
  /** Every receiver of the spec, in its order; those of other kinds by their names alone. */
  readonly declared: readonly DeclaredReceiver[];
  readonly status: {
    readonly webhookReceivers: readonly StatusEntry[];
    readonly conditions: readonly Condition[];
  };
}

/** A receiver as the spec declares it: one of ours, one whose declaration cannot be used, or another kind's. */
export type DeclaredReceiver =
  | { readonly kind: 'bitbucket'; readonly name: string; readonly receiver: Receiver }
  | { readonly kind: 'unusable'; readonly name: string; readonly reason: string }
  | { readonly kind: 'other'; readonly name: string };

export type StatusEntry = v.InferOutput<typeof statusEntry>;
export type Condition = v.InferOutput<typeof condition>;

/** A name that Kubernetes takes for a Secret. It has no `/`, so that no project can name another project's secret. */
const SECRET_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Unknown fields are kept, because what is not ours is written back as it was. */
const statusEntry = v.looseObject({ name: v.optional(v.string()), path: v.optional(v.string()) });
const condition = v.looseObject({ type: v.string() });

const config = v.object({
  metadata: v.object({
    name: v.string(),
    namespace: v.optional(v.string(), ''),
    resourceVersion: v.optional(v.string(), ''),
    generation: v.optional(v.number()),
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
 * Reads a ProjectConfig or ClusterConfig as the cluster holds it. Gives a string, what is wrong with it, where it cannot be read at
 * all; one receiver that cannot be used does not cost the others anything.
 */
export function readReceiverConfig(kind: ReceiverConfig['kind'], object: unknown): ReceiverConfig | string {
  const parsed = v.safeParse(config, object, { abortEarly: true });
  if (!parsed.success) return `${v.getDotPath(parsed.issues[0]) ?? 'the object'} cannot be read`;
  const { metadata, spec, status } = parsed.output;
  return {
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation,
    declared: (spec?.webhookReceivers ?? []).map((entry) =>
      readDeclared(metadata.namespace, entry.name, entry.bitbucket),
    ),
    status: { webhookReceivers: status?.webhookReceivers ?? [], conditions: status?.conditions ?? [] },
  };
}

/** Gives the receivers of a config that can be used. */
export function usableReceivers({ declared }: ReceiverConfig): Receiver[] {
  return declared.filter((entry) => entry.kind === 'bitbucket').map(({ receiver }) => receiver);
}

function readDeclared(project: string, name: string, declaration: unknown): DeclaredReceiver {
  if (declaration === undefined || declaration === null) return { kind: 'other', name };
  if (!v.is(bitbucket, declaration)) {
    return { kind: 'unusable', name, reason: 'bitbucket.secretRef.name is not the name of a Secret' };
  }
  return { kind: 'bitbucket', name, receiver: { project, name, secretName: declaration.secretRef.name } };
}
