import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { load } from 'js-yaml';
import * as v from 'valibot';
import type { ClusterEndpoint } from './cluster-pool.ts';
import { credentialProgram, runCredentialProgram, type ProgramCredential } from './credential-program.ts';

const text = v.nullish(v.string());

const contextSchema = v.object({ cluster: text, user: text });

const clusterSchema = v.object({
  server: v.string(),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'insecure-skip-tls-verify': v.nullish(v.boolean()),
  'proxy-url': text,
  'tls-server-name': text,
});

const userSchema = v.object({
  as: text,
  'auth-provider': v.nullish(v.object({ name: text, config: v.nullish(v.object({ tokenFile: text })) })),
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  exec: v.nullish(credentialProgram),
  password: text,
  token: text,
  'token-file': text,
  tokenFile: text,
  username: text,
});

/** Entries are read only where the current context names them. */
const entries = v.nullish(v.array(v.looseObject({ name: v.string() })), []);

const documentSchema = v.object({
  'current-context': text,
  clusters: entries,
  contexts: entries,
  users: entries,
});

type User = v.InferOutput<typeof userSchema>;

/**
 * Reads where and how a kubeconfig's current context connects. The kubeconfig may name programs and files: whoever chooses it is trusted
 * with them. They are run and read at every call.
 *
 * @param source - names the file or secret in errors
 * @param folder - that relative paths of files start from: that of the kubeconfig
 * @throws {Error} where it is not a kubeconfig, its current context is incomplete, or a file or program that it names fails; no message
 * quotes the document
 * @see https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 */
export async function readKubeconfig(
  kubeconfig: string,
  source: string,
  signal: AbortSignal,
  folder = '.',
): Promise<ClusterEndpoint> {
  const document = parseDocument(kubeconfig, source);
  const find = <Schema extends v.GenericSchema>(kind: EntryKind, name: unknown, schema: Schema) =>
    parseEntry(document, { kind, name, source }, schema);
  const context = find('context', document['current-context'], contextSchema);
  const cluster = find('cluster', context?.cluster, clusterSchema);
  if (cluster === undefined || !URL.canParse(cluster.server))
    throw new Error(
      `${source}: the current context names no cluster with a server URL. Correct current-context.`,
    );
  const server = new URL(cluster.server);
  const isInsecure = cluster['insecure-skip-tls-verify'] === true;
  if (server.protocol !== 'https:' && !isInsecure)
    throw new Error(`${source}: plain http needs insecure-skip-tls-verify. Use https, or set it to true.`);
  const user = find('user', context?.user, userSchema) ?? v.parse(userSchema, {});
  const credential = user.exec ? await runCredentialProgram(inFolder(user.exec, folder), signal) : {};
  const files = { folder, signal };
  const [ca, cert, key] = await Promise.all([
    dataOrFile(cluster['certificate-authority-data'], cluster['certificate-authority'], files),
    dataOrFile(user['client-certificate-data'], user['client-certificate'], files),
    dataOrFile(user['client-key-data'], user['client-key'], files),
  ]);
  return {
    server,
    proxyUrl: cluster['proxy-url'] || undefined,
    tls: {
      ca,
      cert: credential.certificate ?? cert,
      key: credential.key ?? key,
      servername: cluster['tls-server-name'] || undefined,
      rejectUnauthorized: !isInsecure,
    },
    headers: {
      ...(await authorizationOf(user, credential, source, files)),
      ...(user.as && { 'impersonate-user': user.as }),
    },
  };
}

/** A command with a slash is a path; others are searched for. */
function inFolder<Program extends { command: string }>(program: Program, folder: string): Program {
  const { command } = program;
  return { ...program, command: command.includes('/') ? resolve(folder, command) : command };
}

type EntryKind = 'context' | 'cluster' | 'user';

function parseDocument(kubeconfig: string, source: string): v.InferOutput<typeof documentSchema> {
  try {
    return v.parse(documentSchema, load(kubeconfig));
  } catch {
    // Without the cause, which quotes the document.
    throw new Error(`${source} is not a kubeconfig`);
  }
}

/** Returns the content of an entry; undefined where there is none of this name. */
function parseEntry<Schema extends v.GenericSchema>(
  document: v.InferOutput<typeof documentSchema>,
  { kind, name, source }: { readonly kind: EntryKind; readonly name: unknown; readonly source: string },
  schema: Schema,
): v.InferOutput<Schema> | undefined {
  const entry = document[`${kind}s`].find((candidate) => candidate.name === name);
  if (entry === undefined) return undefined;
  const { success, output, issues } = v.safeParse(schema, entry[kind] ?? {});
  if (success) return output;
  // Without the issue's message, which quotes the value.
  throw new Error(`${source}: ${kind} "${entry.name}": ${v.getDotPath(issues[0]) ?? kind} is not valid`);
}

async function authorizationOf(
  user: User,
  credential: ProgramCredential,
  source: string,
  files: Files,
): Promise<Record<string, string>> {
  const provider = user['auth-provider'];
  const tokenFile = user['token-file'] ?? user.tokenFile ?? provider?.config?.tokenFile;
  if (provider && !tokenFile)
    throw new Error(`${source}: auth-provider "${provider.name}" is not supported. Use exec or token.`);
  // A file overrides the token, which is used where the file cannot be read.
  const fromFile =
    tokenFile &&
    (await readNamedFile(tokenFile, files).catch((error: unknown) => {
      if (!user.token) throw error;
    }));
  const token = fromFile?.toString() || user.token || credential.token;
  // A token from a file may end in a line break.
  if (token) return { authorization: `Bearer ${token.trim()}` };
  if (!user.username) return {};
  const pair = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64');
  return { authorization: `Basic ${pair}` };
}

/** How the files that a kubeconfig names are read. */
interface Files {
  /** That relative paths start from. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Data overrides a file. */
async function dataOrFile(
  base64: string | null | undefined,
  path: string | null | undefined,
  files: Files,
): Promise<Buffer | undefined> {
  if (base64) return Buffer.from(base64, 'base64');
  return path ? readNamedFile(path, files) : undefined;
}

function readNamedFile(path: string, { folder, signal }: Files): Promise<Buffer> {
  return readFile(resolve(folder, path), { signal });
}
