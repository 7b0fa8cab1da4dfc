/** A branch or tag of a repository, by its short name: without `refs/heads/` or `refs/tags/`. */
export type Ref = { readonly kind: 'branch' | 'tag'; readonly name: string };
