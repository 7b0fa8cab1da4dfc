import { annotate, REFRESH, REFRESH_PATCH, STAGE } from './object-patch.ts';

export function ownerOf(kind: string, name: string, more: object = {}): object {
  const apiVersion = kind === 'Stage' ? 'kargo.akuity.io/v1alpha1' : 'v1';
  return { apiVersion, kind, name, uid: 'a1b2', ...more };
}

/** Subscriptions of the Warehouse under test. */
export const SUBSCRIPTIONS: readonly object[] = [
  {
    git: {
      repoURL: 'https://bitbucket.org/acme/shop',
      branch: 'main',
      commitSelectionStrategy: 'NewestFromBranch',
    },
  },
  { image: { repoURL: 'registry.example.com/shop' } },
  { mystery: { name: 'm', config: { deep: [1] } } },
];

const [GIT, IMAGE, MYSTERY] = SUBSCRIPTIONS.map((subscription) => Object.values(subscription)[0] as object);

/** Returns a patch that changes the Warehouse's first subscription. */
export const ofGit = (fields: object): object => ({
  spec: { subscriptions: [{ git: { ...GIT, ...fields } }, ...SUBSCRIPTIONS.slice(1)] },
});

const SPEC = 'a refresh writes no spec: ';
const SUBSCRIPTION = 'a refresh writes no spec.subscriptions but the defaults that Kargo fills in';
const LABEL = 'a refresh writes no label: ';
const ANNOTATION = 'a refresh writes no annotation but kargo.akuity.io/refresh: ';
const OWNER = 'a refresh writes no owner';
const FINALIZER = 'a refresh writes no finalizer';

/** A patch, with the beginning of the policy's message. */
type Forbidden = readonly [what: string, change: object, message: string];

/** Fields of a subscription in Kargo 1.11, except repository, branch, and those with a default. */
const AUTHOR_FIELDS =
  'gitRepoURL name config semverConstraint constraint platform since expressionFilter allowTags allowTagsRegex ' +
  'allowTagsRegexes ignoreTags ignoreTagsRegex ignoreTagsRegexes includePaths excludePaths ' +
  'insecureSkipTLSVerify blobless cacheByTag';

const ofAll = (...subscriptions: unknown[]): object => ({ spec: { subscriptions } });
const [first, second, third] = SUBSCRIPTIONS;

/** Writes to a Warehouse that the receiver is denied. */
export const OF_A_WAREHOUSE: readonly Forbidden[] = [
  ['an interval', { spec: { interval: '1m0s' } }, `${SPEC}interval`],
  ['a shard beside the refresh', { spec: { shard: 'x' }, ...REFRESH_PATCH }, `${SPEC}shard`],
  ['a policy of Freight', { spec: { freightCreationPolicy: 'Manual' } }, `${SPEC}freightCreationPolicy`],
  ['another repository', ofGit({ repoURL: 'https://bitbucket.org/acme/evil' }), SUBSCRIPTION],
  ['another branch', ofGit({ branch: 'evil' }), SUBSCRIPTION],
  ['another strategy', ofGit({ commitSelectionStrategy: 'Lexical' }), SUBSCRIPTION],
  ['no branch', ofAll({ git: { repoURL: 'https://bitbucket.org/acme/shop' } }, second, third), SUBSCRIPTION],
  ...AUTHOR_FIELDS.split(' ').map((field): Forbidden => [
    `the field ${field}, which was absent`,
    ofGit({ [field]: 'x' }),
    SUBSCRIPTION,
  ]),
  [
    'a repository, which was absent',
    ofAll(first, second, { mystery: { ...MYSTERY, repoURL: 'https://bitbucket.org/acme/evil' } }),
    SUBSCRIPTION,
  ],
  [
    'a strategy that is no default',
    ofAll(first, { image: { ...IMAGE, imageSelectionStrategy: 'Lexical' } }, third),
    SUBSCRIPTION,
  ],
  ['loose versions', ofAll(first, { image: { ...IMAGE, strictSemvers: false } }, third), SUBSCRIPTION],
  [
    'a type of another kind',
    ofAll(first, second, { mystery: { ...MYSTERY, subscriptionType: 'git' } }),
    SUBSCRIPTION,
  ],
  [
    'a value deep within',
    ofAll(first, second, { mystery: { ...MYSTERY, config: { deep: [2] } } }),
    SUBSCRIPTION,
  ],
  ['one subscription more', ofAll(first, second, third, { git: { repoURL: 'https://x/y' } }), SUBSCRIPTION],
  ['one subscription less', ofAll(first, second), SUBSCRIPTION],
  ['another order', ofAll(second, first, third), SUBSCRIPTION],
  ['another kind', ofAll(first, { chart: IMAGE }, third), SUBSCRIPTION],
  ['one kind more', ofAll({ ...first, image: IMAGE }, second, third), SUBSCRIPTION],
  ['labels', { metadata: { labels: { team: 'b', more: 'b' } } }, LABEL],
  ['no labels', { metadata: { labels: null } }, `${LABEL}team`],
  ['the label of a Stage', { metadata: { labels: { [STAGE]: 'test' } } }, `${LABEL}${STAGE}`],
  ['the annotation of a Stage', annotate({ [STAGE]: 'test' }), `${ANNOTATION}${STAGE}`],
  ['a finalizer', { metadata: { finalizers: ['example.com/stay'] } }, FINALIZER],
  ['a Stage as owner', { metadata: { ownerReferences: [ownerOf('Stage', 'test')] } }, OWNER],
  ['another annotation', annotate({ 'example.com/other': 'x' }), `${ANNOTATION}example.com/other`],
  [
    'another value of an annotation',
    annotate({ 'kargo.akuity.io/other': 'x' }),
    `${ANNOTATION}kargo.akuity.io/other`,
  ],
  ['an annotation less', annotate({ 'kargo.akuity.io/other': null }), `${ANNOTATION}kargo.akuity.io/other`],
  ['no refresh', annotate({ [REFRESH]: null }), `${ANNOTATION}${REFRESH}`],
  ['no annotations', { metadata: { annotations: null } }, ANNOTATION],
];

/** Writes to a Promotion that the receiver is denied. */
export const OF_A_PROMOTION: readonly Forbidden[] = [
  ['its steps', { spec: { steps: [{ uses: 'http' }] } }, `${SPEC}steps`],
  ['its Freight', { spec: { freight: 'evil' } }, `${SPEC}freight`],
  ['an abort', annotate({ 'kargo.akuity.io/abort': 'true' }), `${ANNOTATION}kargo.akuity.io/abort`],
  ['a label', { metadata: { labels: { team: 'b' } } }, `${LABEL}team`],
  ['a finalizer', { metadata: { finalizers: ['example.com/stay'] } }, FINALIZER],
  ['no refresh', annotate({ [REFRESH]: null }), `${ANNOTATION}${REFRESH}`],
];

/** Further denied writes to a Promotion, which Kargo's webhooks undo before the policy is evaluated. */
export const OF_A_STAGE: readonly Forbidden[] = [
  ['another owner', { metadata: { ownerReferences: [ownerOf('ConfigMap', 'test')] } }, OWNER],
  ['another Stage as owner', { metadata: { ownerReferences: [ownerOf('Stage', 'sharded')] } }, OWNER],
  [
    'a second owner',
    { metadata: { ownerReferences: [ownerOf('Stage', 'test'), ownerOf('Pod', 'p')] } },
    OWNER,
  ],
  ['no owner', { metadata: { ownerReferences: null } }, OWNER],
  ['the label of another Stage', { metadata: { labels: { [STAGE]: 'sharded' } } }, `${LABEL}${STAGE}`],
  ['no label of its Stage', { metadata: { labels: { [STAGE]: null } } }, `${LABEL}${STAGE}`],
  ['the annotation of another Stage', annotate({ [STAGE]: 'sharded' }), `${ANNOTATION}${STAGE}`],
  ['no annotation of its Stage', annotate({ [STAGE]: null }), `${ANNOTATION}${STAGE}`],
];
