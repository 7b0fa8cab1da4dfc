/** Name of the ClusterConfig, whose receivers belong to no project, in `PROJECTS`. No namespace can have this name. */
export const CLUSTER_PROJECT = '(cluster)';

/**
 * Checks whether a deployment serves a project.
 *
 * @param patterns - `PROJECTS`: names of projects, with `*` for any characters, and {@link CLUSTER_PROJECT}; undefined serves everything
 * @param project - empty for the ClusterConfig, which `*` does not match, so that it can be left out
 */
export function isServedProject(patterns: readonly string[] | undefined, project: string): boolean {
  if (patterns === undefined) return true;
  if (project === '') return patterns.includes(CLUSTER_PROJECT);
  return patterns.some((pattern) => matchesPattern(pattern, project));
}

function matchesPattern(pattern: string, project: string): boolean {
  if (!pattern.includes('*')) return pattern === project;
  const literals = pattern.split('*').map((literal) => literal.replaceAll(/[^a-z0-9-]/g, String.raw`\$&`));
  return new RegExp(`^${literals.join('.*')}$`).test(project);
}
