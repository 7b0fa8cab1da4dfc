import { describe, expect, test } from '@jest/globals';
import { readKubeconfig } from '../../../lib/adapters/kubernetes/kubeconfig.ts';
import { restrictKubeconfig } from '../../../lib/adapters/kubernetes/secret-kubeconfig.ts';

const SERVER = 'https://10.0.0.1:6443';

interface Changes {
  readonly cluster?: object;
  readonly user?: object;
  readonly document?: object;
}

function kubeconfig({ cluster, user, document }: Changes = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'main',
    contexts: [
      { name: 'main', context: { cluster: 'prod', user: 'ci' } },
      { name: 'other', context: { cluster: 'elsewhere', user: 'human' } },
    ],
    clusters: [
      { name: 'elsewhere', cluster: { server: 'http://other', 'insecure-skip-tls-verify': true } },
      { name: 'prod', cluster: { server: SERVER, 'certificate-authority-data': 'Q0E=', ...cluster } },
    ],
    users: [
      { name: 'human', user: { exec: { command: 'aws' }, 'token-file': '/nowhere' } },
      { name: 'ci', user: { token: 'secret-token', ...user } },
    ],
    ...document,
  });
}

const restrict = (changes?: Changes): unknown =>
  JSON.parse(restrictKubeconfig(kubeconfig(changes), 'secret "kc"'));

describe('a kubeconfig from Secrets Manager', () => {
  test('is reduced to the entries of its current context', () => {
    expect(restrict()).toEqual({
      'current-context': 'main',
      contexts: [{ name: 'main', context: { cluster: 'prod', user: 'ci' } }],
      clusters: [
        {
          name: 'prod',
          cluster: {
            server: SERVER,
            'certificate-authority-data': 'Q0E=',
            'insecure-skip-tls-verify': false,
          },
        },
      ],
      users: [{ name: 'ci', user: { token: 'secret-token' } }],
    });
  });

  test.each<[what: string, changes: Changes]>([
    ['a client certificate', { user: { 'client-certificate-data': 'Yw==', 'client-key-data': 'aw==' } }],
    ['a password', { user: { username: 'ci', password: 'p' } }],
    ['an impersonated user', { user: { as: 'system:serviceaccount:a:b' } }],
    ['insecure-skip-tls-verify: false', { cluster: { 'insecure-skip-tls-verify': false } }],
    ['plain http on 127.0.0.1', { cluster: { server: 'http://127.0.0.1:8080' } }],
    ['plain http on ::1', { cluster: { server: 'http://[::1]:8080/base' } }],
    ['plain http on localhost', { cluster: { server: 'http://localhost' } }],
    [
      'plain http on loopback, with insecure-skip-tls-verify',
      { cluster: { server: 'http://127.0.0.1:8080', 'insecure-skip-tls-verify': true } },
    ],
  ])('is accepted with %s', (_what, changes) => {
    expect(restrict(changes)).toMatchObject({ users: [{ user: changes.user ?? {} }] });
  });

  const program = 'Use token, or client-certificate-data with client-key-data.';

  test.each<[changes: Changes, message: string]>([
    [{ user: { exec: { command: 'aws' } } }, `user "ci" uses exec. ${program}`],
    [{ user: { 'auth-provider': { name: 'oidc' } } }, `user "ci" uses auth-provider. ${program}`],
    [{ user: { tokenFile: '/t' } }, 'user "ci" uses tokenFile. Put the content of the file into token.'],
    [{ user: { 'token-file': '/t' } }, 'user "ci" uses token-file. Put the content of the file into token.'],
    [
      { user: { 'client-certificate': '/c' } },
      'user "ci" uses client-certificate. Put the content of the file into client-certificate-data.',
    ],
    [
      { user: { 'client-key': '/k' } },
      'user "ci" uses client-key. Put the content of the file into client-key-data.',
    ],
    [
      { cluster: { 'certificate-authority': '/ca' } },
      'cluster "prod" uses certificate-authority. Put the content of the file into certificate-authority-data.',
    ],
    [
      { cluster: { 'proxy-url': 'http://proxy' } },
      'cluster "prod" uses proxy-url. Connect the functions to a network that reaches the API server.',
    ],
    [
      { cluster: { 'insecure-skip-tls-verify': true } },
      'cluster "prod" uses insecure-skip-tls-verify. Remove it, and put the CA into certificate-authority-data.',
    ],
    ...[
      'http://10.0.0.1',
      'http://localhost.example.com',
      'http://127.0.0.1@10.0.0.1',
      'http://127.0.0.1:80@10.0.0.1',
      'http://127.0.0.1.example.com',
      'ftp://127.0.0.1',
    ].map((server): [Changes, string] => [
      { cluster: { server } },
      'cluster "prod" has a server without https. Use https; plain http is accepted on loopback only.',
    ]),
    [
      { cluster: { server: 'http://10.0.0.1', 'proxy-url': 'http://p' }, user: { exec: {} } },
      'cluster "prod" uses proxy-url. Connect the functions to a network that reaches the API server. ' +
        'cluster "prod" has a server without https. Use https; plain http is accepted on loopback only. ' +
        `user "ci" uses exec. ${program}`,
    ],
    [{ document: { 'current-context': 'gone' } }, 'context "gone" is missing. Add it to contexts.'],
    [{ document: { clusters: [] } }, 'cluster "prod" is missing. Add it to clusters.'],
    [{ document: { users: [] } }, 'user "ci" is missing. Add it to users.'],
  ])('is refused: %j', (changes, message) => {
    expect(() => restrict(changes)).toThrow(new Error(`secret "kc": ${message}`));
  });

  const withUser = (user: string): string =>
    [
      'current-context: main',
      'x: &program {exec: {command: echo}}',
      'contexts: [{name: main, context: {cluster: prod, user: ci}}]',
      `clusters: [{name: prod, cluster: {server: "${SERVER}"}}]`,
      `users: [{name: ci, user: ${user}}]`,
    ].join('\n');

  test('is refused with a program behind an alias', () => {
    expect(() => restrictKubeconfig(withUser('*program'), 'secret "kc"')).toThrow('user "ci" uses exec');
  });

  test('has no program behind a merge key', async () => {
    const restricted = restrictKubeconfig(withUser('{<<: *program, token: t}'), 'secret "kc"');
    // A program would print no credential.
    const { headers } = await readKubeconfig(restricted, 'test', AbortSignal.timeout(1_000));
    expect(headers).toEqual({ authorization: 'Bearer t' });
  });

  test.each(['', 'null', 'not: [yaml', 'a-token', '{"current-context": "x"}'])('cannot be %j', (text) => {
    expect(() => restrictKubeconfig(text, 'secret "kc"')).toThrow(
      new Error('secret "kc" is not a kubeconfig. Store the whole document in it.'),
    );
  });
});
