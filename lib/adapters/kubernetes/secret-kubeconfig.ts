import { load } from 'js-yaml';
import * as v from 'valibot';
import { isLoopbackHttp } from '../settings/secure-url.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Entry {
  readonly name: string;
}

const INSTEAD_OF_PROGRAM = 'Use token, or client-certificate-data with client-key-data.';

/** Fields that name programs or files of the function's environment, or another route to the cluster; each with what to do instead. */
const REFUSED_FIELDS: Readonly<Record<string, string>> = {
  'certificate-authority': 'Put the content of the file into certificate-authority-data.',
  'proxy-url': 'Connect the functions to a network that reaches the API server.',
  exec: INSTEAD_OF_PROGRAM,
  'auth-provider': INSTEAD_OF_PROGRAM,
  tokenFile: 'Put the content of the file into token.',
  'token-file': 'Put the content of the file into token.',
  'client-certificate': 'Put the content of the file into client-certificate-data.',
  'client-key': 'Put the content of the file into client-key-data.',
};

const fields = v.record(v.string(), v.unknown());
const documentSchema = v.object({
  'current-context': v.string(),
  contexts: v.array(v.object({ name: v.string(), context: fields })),
  clusters: v.array(v.object({ name: v.string(), cluster: fields })),
  users: v.nullish(v.array(v.object({ name: v.string(), user: v.nullish(fields, {}) })), []),
});

/**
 * Reduces a kubeconfig from Secrets Manager to the entries of its current context. Whoever may write the secret chooses the access to the
 * cluster, but must not control the function. So programs, files, and servers without a verified certificate are rejected.
 *
 * @param source - names the secret in errors
 * @returns the reduced kubeconfig, as JSON
 * @throws {Error} that names each refused field with its entry, and what to do instead
 */
export function restrictKubeconfig(text: string, source: string): string {
  const document = readDocument(text, source);
  const { 'current-context': contextName } = document;
  const find = <T extends Entry>(kind: string, entries: readonly T[], name: unknown): T => {
    const entry = entries.find((candidate) => candidate.name === name);
    if (entry === undefined)
      throw new Error(`${source}: ${kind} "${String(name)}" is missing. Add it to ${kind}s.`);
    return entry;
  };
  const { context } = find('context', document.contexts, contextName);
  const { cluster } = find('cluster', document.clusters, context['cluster']);
  const { user } = context['user'] ? find('user', document.users, context['user']) : { user: {} };
  const isLoopback = isLoopbackHttp(String(cluster['server']));
  const refused = [
    ...refusedFields(`cluster "${String(context['cluster'])}"`, cluster),
    ...(isLoopback ? [] : refusedTransport(`cluster "${String(context['cluster'])}"`, cluster)),
    ...refusedFields(`user "${String(context['user'])}"`, user),
  ];
  if (refused.length > 0) throw new Error(`${source}: ${refused.join(' ')}`);
  return JSON.stringify({
    'current-context': contextName,
    contexts: [{ name: contextName, context }],
    // For plain http the library asks for this flag.
    clusters: [{ name: context['cluster'], cluster: { ...cluster, 'insecure-skip-tls-verify': isLoopback } }],
    users: [{ name: context['user'] ?? '', user }],
  });
}

function readDocument(text: string, source: string): v.InferOutput<typeof documentSchema> {
  try {
    return v.parse(documentSchema, load(text));
  } catch {
    // Without the cause, which quotes the secret.
    throw new Error(`${source} is not a kubeconfig. Store the whole document in it.`);
  }
}

function refusedFields(entry: string, present: Fields): string[] {
  return Object.entries(REFUSED_FIELDS)
    .filter(([name]) => present[name])
    .map(([name, instead]) => `${entry} uses ${name}. ${instead}`);
}

function refusedTransport(entry: string, cluster: Fields): string[] {
  if (!String(cluster['server']).startsWith('https://'))
    return [`${entry} has a server without https. Use https; plain http is accepted on loopback only.`];
  return cluster['insecure-skip-tls-verify'] === true
    ? [`${entry} uses insecure-skip-tls-verify. Remove it, and put the CA into certificate-authority-data.`]
    : [];
}
