/** The paths that commits change against their first parents, each once; or why they are not known. */
export type ChangedPaths =
  | { readonly kind: 'known'; readonly paths: readonly string[] }
  | { readonly kind: 'unknown'; readonly reason: string };

/** Reads from Bitbucket which files commits changed. Its payloads do not say. */
export interface ChangedFiles {
  /**
   * Reads the paths of the commits that a push added to a branch: those on the first-parent chain from `to` down to `from`, each against its
   * own first parent, as Kargo looks at them.
   *
   * @param addresses - of the repository, as in the event
   */
  ofPush(addresses: readonly string[], from: string, to: string, signal: AbortSignal): Promise<ChangedPaths>;
  /** Reads the paths of one commit. */
  ofCommit(addresses: readonly string[], commit: string, signal: AbortSignal): Promise<ChangedPaths>;
}
