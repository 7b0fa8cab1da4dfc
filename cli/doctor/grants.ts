import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import * as v from 'valibot';
import { PACKAGE_ROOT } from '../../infra/package-paths.ts';
import type { ClusterRight } from '../../lib/adapters/kubernetes/cluster-inspection.ts';

/** A right that a manifest of infra/rbac grants. */
export interface Grant {
  /** The manifest's file. */
  readonly file: string;
  readonly right: ClusterRight;
}

const metadata = v.object({ name: v.string(), namespace: v.optional(v.string()) });
const role = v.object({
  kind: v.picklist(['ClusterRole', 'Role']),
  metadata,
  rules: v.array(
    v.object({
      apiGroups: v.array(v.string()),
      resources: v.array(v.string()),
      verbs: v.array(v.string()),
      resourceNames: v.optional(v.array(v.string())),
    }),
  ),
});
const binding = v.object({
  kind: v.picklist(['ClusterRoleBinding', 'RoleBinding']),
  metadata,
  roleRef: v.object({ kind: v.string(), name: v.string() }),
  subjects: v.array(v.object({ kind: v.string(), name: v.string() })),
});

/** Lists the rights that the manifests of infra/rbac grant to a group, so that a check knows of every right that is ever added. */
export function readGrants(group: string): Grant[] {
  const manifests = readManifests();
  const bindings = manifests.flatMap(({ content }) =>
    v.is(binding, content) && content.subjects.some(({ kind, name }) => kind === 'Group' && name === group)
      ? [content]
      : [],
  );
  return bindings.flatMap(({ roleRef, metadata: { namespace } }) =>
    manifests.flatMap(({ file, content }) =>
      v.is(role, content) && content.kind === roleRef.kind && content.metadata.name === roleRef.name
        ? rightsOf(content, namespace).map((right) => ({ file, right }))
        : [],
    ),
  );
}

/** Formats a right as `kubectl auth can-i` takes it. */
export function describeRight({ verb, resource, subresource, group, namespace, name }: ClusterRight): string {
  const what = [resource, group].filter(Boolean).join('.') + (subresource ? `/${subresource}` : '');
  return [verb, what, ...(name ? [name] : []), ...(namespace ? [`in namespace ${namespace}`] : [])].join(' ');
}

function rightsOf({ rules }: v.InferOutput<typeof role>, namespace: string | undefined): ClusterRight[] {
  return rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [undefined] }) =>
    apiGroups.flatMap((apiGroup) =>
      resources.flatMap((path) => {
        const [resource = '', subresource] = path.split('/');
        return verbs.flatMap((verb) =>
          resourceNames.map((name) => ({ verb, group: apiGroup, resource, subresource, namespace, name })),
        );
      }),
    ),
  );
}

function readManifests(): { readonly file: string; readonly content: unknown }[] {
  const folder = join(PACKAGE_ROOT, 'infra', 'rbac');
  return readdirSync(folder)
    .toSorted()
    .flatMap((file) =>
      loadAll(readFileSync(join(folder, file), 'utf8')).map((content) => ({ file, content })),
    );
}
