import { promisify } from 'node:util';
import * as v from 'valibot';

const text = v.nullish(v.string());

/** A program of a kubeconfig that prints a credential, such as `aws eks get-token`. */
export const credentialProgram = v.object({
  apiVersion: text,
  command: v.string(),
  args: v.nullish(v.array(v.string()), []),
  env: v.nullish(v.array(v.object({ name: v.string(), value: v.string() })), []),
});

/** What a program printed; a credential is a token, a certificate, or both. */
export interface ProgramCredential {
  readonly token?: string | undefined;
  /** PEM. */
  readonly certificate?: string | undefined;
  /** PEM. */
  readonly key?: string | undefined;
}

const printedCredential = v.object({
  status: v.object({ token: text, clientCertificateData: text, clientKeyData: text }),
});

/** The version of ExecCredential that is announced where the kubeconfig names none. */
const DEFAULT_API_VERSION = 'client.authentication.k8s.io/v1';

/**
 * Runs the program of a kubeconfig without a terminal and returns the credential that it prints.
 *
 * @throws {Error} where the program cannot be run, fails, or prints no credential
 * @see https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 */
export async function runCredentialProgram(
  { apiVersion, command, args, env }: v.InferOutput<typeof credentialProgram>,
  signal: AbortSignal,
): Promise<ProgramCredential> {
  // Only kubeconfig files name programs, which is not how functions on AWS are set up.
  const { execFile } = await import('node:child_process');
  const info = {
    apiVersion: apiVersion ?? DEFAULT_API_VERSION,
    kind: 'ExecCredential',
    spec: { interactive: false },
  };
  const { stdout } = await promisify(execFile)(command, args, {
    signal,
    env: {
      ...process.env,
      KUBERNETES_EXEC_INFO: JSON.stringify(info),
      ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
    },
  });
  const { status } = parseCredential(stdout, command);
  return {
    token: status.token ?? undefined,
    certificate: status.clientCertificateData ?? undefined,
    key: status.clientKeyData ?? undefined,
  };
}

function parseCredential(stdout: string, command: string): v.InferOutput<typeof printedCredential> {
  try {
    return v.parse(printedCredential, JSON.parse(stdout));
  } catch {
    // Without the cause, which quotes the credential.
    throw new Error(`${command} printed no ExecCredential`);
  }
}
