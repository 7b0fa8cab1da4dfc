import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A secret as the store holds it, and the values that verify deliveries. */
interface StoredSecret {
  /** The oldest version first. */
  readonly versions: readonly string[];
  readonly accepted: readonly string[];
}

/** Secrets by name. The stores of a run never change; what is declared does. */
export const SECRETS: Readonly<Record<string, StoredSecret>> = {
  'kargo/plain/bitbucket': { versions: ['plain-s3cret'], accepted: ['plain-s3cret'] },
  'kargo/plain/spaced': { versions: [' with white space '], accepted: [' with white space '] },
  'kargo/rotated/bitbucket': {
    versions: ['before-the-rotation', 'after-the-rotation'],
    accepted: ['before-the-rotation', 'after-the-rotation'],
  },
  'kargo/json/bitbucket': { versions: ['{"secret":"jsön-secret"}'], accepted: ['jsön-secret'] },
  'kargo/empty/bitbucket': { versions: ['{"secret":""}'], accepted: [] },
  'kargo/malformed/bitbucket': { versions: ['{"secret":'], accepted: [] },
  'kargo/kargo-system-resources/bitbucket': { versions: ['of-all-projects'], accepted: ['of-all-projects'] },
};

/** A receiver with one of its secrets. `project` is empty for the ClusterConfig's. */
export interface KnownReceiver {
  readonly project: string;
  readonly name: string;
  readonly secret: string;
}

/** Receivers that every plain config declares, with each secret that verifies. */
export const RECEIVERS: readonly KnownReceiver[] = [
  { project: 'plain', name: 'bb', secret: 'plain-s3cret' },
  { project: 'plain', name: 'spaced', secret: ' with white space ' },
  { project: 'rotated', name: 'bb', secret: 'before-the-rotation' },
  { project: 'rotated', name: 'bb', secret: 'after-the-rotation' },
  { project: 'json', name: 'bb', secret: 'jsön-secret' },
  { project: '', name: 'bb', secret: 'of-all-projects' },
];

/** Receivers that plain configs declare, and whose secret verifies nothing, with what might be mistaken for it. */
export const UNUSABLE_RECEIVERS: readonly KnownReceiver[] = [
  { project: 'empty', name: 'bb', secret: '' },
  { project: 'malformed', name: 'bb', secret: '{"secret":' },
  { project: 'absent', name: 'bb', secret: 'plain-s3cret' },
];

/** Projects whose objects a delivery may refresh. */
export const PROJECTS = ['plain', 'rotated', 'json'] as const;

/** Projects with a receiver that has no usable secret. */
export const UNUSABLE_PROJECTS = ['empty', 'malformed', 'absent'] as const;

/** The refs that well-formed pushes name. */
export const REFS = [
  'branch main',
  'branch master',
  'branch release/1.x',
  'tag v1.2.3',
  'tag 2.0.0',
  'tag v3.0.0-rc.1',
  'tag nightly',
] as const;
export type PushedRef = (typeof REFS)[number];

/** The repositories that well-formed pushes name, and addresses that Warehouses may write for them. */
export const REPOSITORIES = {
  cloud: [
    'https://bitbucket.org/acme/shop',
    'https://bitbucket.org/acme/shop.git',
    'HTTPS://ada@Bitbucket.org/Acme/Shop/',
    'git@bitbucket.org:acme/shop.git',
    'ssh://git@altssh.bitbucket.org:443/acme/shop.git',
  ],
  'data-center': [
    'https://git.acme.example/scm/shop/web.git',
    'https://git.acme.example/scm/SHOP/web',
    'ssh://git@git.acme.example:7999/shop/web.git',
  ],
  none: [
    'https://bitbucket.org/acme/shop2',
    'https://bitbucket.org/acme2/shop',
    'https://bitbucket.org.example/acme/shop',
    'ssh://git@git.acme.example:7998/shop/web.git',
    'https://git.acme.example/scm/~shop/web.git',
    'nothing that can be read',
  ],
} as const;
export type RepositoryName = keyof typeof REPOSITORIES;

/** The pull requests that well-formed deliveries close. */
export const PULL_REQUESTS = {
  cloud: 'https://bitbucket.org/acme/shop/pull-requests/7',
  'data-center': 'https://git.acme.example/projects/SHOP/repos/web/pull-requests/3',
} as const;

/** Commit selections, and the refs whose push each of them selects. */
export const SELECTIONS: readonly (readonly [fields: object, refs: readonly PushedRef[]])[] = [
  [{}, ['branch main', 'branch master']],
  [{ branch: 'main' }, ['branch main']],
  [{ branch: 'release/1.x', commitSelectionStrategy: 'NewestFromBranch' }, ['branch release/1.x']],
  [{ branch: 'v1.2.3' }, []],
  [{ commitSelectionStrategy: 'NewestTag' }, ['tag v1.2.3', 'tag 2.0.0', 'tag v3.0.0-rc.1', 'tag nightly']],
  [{ commitSelectionStrategy: 'Lexical', allowTagsRegexes: ['^v'] }, ['tag v1.2.3', 'tag v3.0.0-rc.1']],
  [{ commitSelectionStrategy: 'NewestTag', ignoreTagsRegexes: ['rc', '^n'] }, ['tag v1.2.3', 'tag 2.0.0']],
  [{ commitSelectionStrategy: 'SemVer' }, ['tag v1.2.3', 'tag 2.0.0', 'tag v3.0.0-rc.1']],
  [{ commitSelectionStrategy: 'SemVer', semverConstraint: '^1' }, ['tag v1.2.3']],
  [
    { commitSelectionStrategy: 'SemVer', semverConstraint: '>=2.0.0-0', strictSemvers: true },
    ['tag 2.0.0', 'tag v3.0.0-rc.1'],
  ],
  [{ commitSelectionStrategy: 'OfANewerKargo' }, []],
];

const SAMPLE_FOLDERS = ['local/samples', '../shared/payloads/cloud', '../shared/payloads/data-center'];

/** Payloads of Bitbucket by file name: the project's own samples and, where the workspace has them, captured ones. */
export const SAMPLES: ReadonlyMap<string, unknown> = new Map(
  SAMPLE_FOLDERS.map((folder) => join(import.meta.dirname, '../..', folder)).flatMap((folder) =>
    listFolder(folder).map((name): [string, unknown] => [
      join(folder, name),
      JSON.parse(readFileSync(join(folder, name), 'utf8')),
    ]),
  ),
);

/** Returns the payload of the project's own sample. */
export function ownSample(name: string): unknown {
  return structuredClone(SAMPLES.get(join(import.meta.dirname, '../../local/samples', `${name}.json`)));
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}
