import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

export interface ApiServerPlace {
  scratch: string;
  port: number;
  etcdUrl: string;
  adminToken: string;
}

/** Returns the flags of etcd. Its data need not survive a crash of the machine, and without fsync it starts and writes faster. */
export function etcdFlags(scratch: string, url: string): string[] {
  return [
    `--data-dir=${path.join(scratch, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    '--listen-peer-urls=http://127.0.0.1:0',
    '--unsafe-no-fsync',
    '--log-level=error',
  ];
}

/**
 * Returns the flags of kube-apiserver: RBAC, an administrator by static token, ServiceAccount tokens, and a certificate that it
 * creates in `certificatesFolder`. As on EKS, anonymous requests are rejected. Writes the keys that it needs to `scratch`.
 */
export function apiServerFlags({ scratch, port, etcdUrl, adminToken }: ApiServerPlace): string[] {
  const file = (name: string): string => path.join(scratch, name);
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(file('sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(file('sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(file('tokens.csv'), `${adminToken},admin,admin,system:masters\n`, { mode: 0o600 });
  return [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${certificatesFolder(scratch)}`,
    '--authorization-mode=RBAC',
    '--anonymous-auth=false',
    `--token-auth-file=${file('tokens.csv')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${file('sa.pub')}`,
    `--service-account-signing-key-file=${file('sa.key')}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    // The service `kubernetes` must not point to a loopback address, and is not used here.
    '--endpoint-reconciler-type=none',
    // It waits for a controller that creates every namespace's default ServiceAccount.
    '--disable-admission-plugins=ServiceAccount',
  ];
}

export function certificatesFolder(scratch: string): string {
  return path.join(scratch, 'certificates');
}
