import { X509Certificate } from 'node:crypto';
import * as v from 'valibot';
import { CLUSTER_PROJECT } from '../../core/kargo/project-patterns.ts';
import { isSecureUrl } from './secure-url.ts';
import { formatBaseUrl, parseBaseUrl, type BaseUrl } from '../../core/kargo/receiver-path.ts';

// Rules that a setting must meet for a function to start. The deployment applies them to the settings that it passes on.

/**
 * Neither a namespace nor a Secret's name can contain a `/`, so with one between them two receivers never share a secret by accident.
 * Other characters are those that Secrets Manager accepts in a name.
 */
const TEMPLATE =
  /^[\w/+=.@-]*\{(namespace|name)\}[\w+=.@-]*\/[\w/+=.@-]*\{(?!\1\})(namespace|name)\}[\w/+=.@-]*$/;

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** The names of this system's own secrets begin with it, whatever settings name. */
const SYSTEM_PREFIX = 'kargo-front-door/';

/** Settings that name secrets of the system's own; a project must not be able to name them too. */
export const SYSTEM_SECRET_SETTINGS = [
  'KUBECONFIG_SECRET_ID',
  'CARGOMAN_TOKEN_SECRET_ID',
  'BITBUCKET_WEBHOOK_SECRET_ID',
  'BITBUCKET_CREDENTIALS_SECRET_ID',
] as const;

/** At most six digits: more are a typing error. */
const POSITIVE_INTEGER = /^[1-9]\d{0,5}$/;

/** A project's name, with `*` for any characters. */
const PROJECT_PATTERN = /^[a-z0-9*]([-a-z0-9*]{0,61}[a-z0-9*])?$/;

const WITHOUT_EXTRAS = 'URL without user, query and fragment, such as';

/** @param advice - what such a URL must be, as text that continues the setting's name */
function urlRule(advice: string, isAccepted: (url: BaseUrl) => boolean = () => true) {
  return v.pipe(
    v.string(),
    v.transform(parseBaseUrl),
    v.custom<BaseUrl>((url) => url !== undefined && isAccepted(url as BaseUrl), advice),
  );
}

/** `RECEIVER_BASE_URL`, parsed. */
export const baseUrlRule = urlRule(`must be an http(s) ${WITHOUT_EXTRAS} https://hooks.example.com/kargo`);

/** `BITBUCKET_URL`, without a trailing slash. */
export const bitbucketUrlRule = v.pipe(
  urlRule(`must be an http(s) ${WITHOUT_EXTRAS} https://git.example.com`),
  v.transform(formatBaseUrl),
);

/** `CARGOMAN_URL`, without a trailing slash. A token is sent there. */
export const registryUrlRule = v.pipe(
  urlRule(
    `must be an https ${WITHOUT_EXTRAS} https://packages.example.com; http on loopback only`,
    ({ origin }) => isSecureUrl(origin),
  ),
  v.transform(formatBaseUrl),
);

/** `SECRET_NAME_TEMPLATE`. */
export const secretNameTemplateRule = v.pipe(
  v.string(),
  v.regex(TEMPLATE, 'must hold {namespace} and {name} once each, with a "/" between them'),
);

/** `SYSTEM_RESOURCES_NAMESPACE`. */
export const namespaceRule = v.pipe(v.string(), v.regex(NAMESPACE, 'must be the name of a namespace'));

/**
 * Finds a reason why a `SECRET_NAME_TEMPLATE` is unsafe: a project could name one of this system's own secrets with it. A project
 * chooses its secret's name, and its namespace may be any.
 *
 * @param systemSecretIds - names or ARNs of the secrets that settings name; undefined and empty ones are not set
 * @returns the reason, without the setting's name; undefined for a safe template, and for one that {@link secretNameTemplateRule} rejects
 */
export function findTemplateConflict(
  template: string,
  systemSecretIds: readonly (string | undefined)[],
): string | undefined {
  if (!TEMPLATE.test(template)) return undefined;
  const describe = (what: string): string =>
    `"${template}" must not let a project name ${what}. Begin it with a part of its own, such as kargo/{namespace}/{name}`;
  const [firstSegment = ''] = template.split('/', 1);
  const isUnderPrefix = templatePattern(firstSegment).test(SYSTEM_PREFIX.slice(0, -1));
  const names = systemSecretIds.flatMap((id) => namesOfSecretId(id ?? ''));
  const conflict = names.find((name) => templatePattern(template).test(name));
  if (conflict !== undefined) return describe(`the system's own secret "${conflict}"`);
  return isUnderPrefix ? describe(`the system's own secrets under "${SYSTEM_PREFIX}"`) : undefined;
}

/** `ROTATION_GRACE_HOURS`, as text. */
export const hoursRule = v.pipe(v.string(), v.regex(/^\d+(\.\d+)?$/, 'must be a number of hours, 0 or more'));

/** SQS moves a message to the dead-letter queue after at most 1,000 attempts, which are one in 2.5 minutes on average. */
const MAX_RETRY_HOURS = 24;

/** `RETRY_MAX_AGE_HOURS`, as text. */
export const retryHoursRule = v.pipe(
  v.string(),
  v.check(
    (text) => /^\d+(\.\d+)?$/.test(text) && Number(text) > 0 && Number(text) <= MAX_RETRY_HOURS,
    `must be a number of hours above 0, and at most ${MAX_RETRY_HOURS}`,
  ),
);

/** `RETRY_QUEUE_URL`; undefined where it is empty. */
export const queueUrlRule = v.pipe(
  v.string(),
  v.check(
    (text) => text === '' || /^https?:\/\/[^/]+\/.+/.test(text),
    'must be the URL of a queue, such as https://sqs.eu-central-1.amazonaws.com/111122223333/retries',
  ),
  v.transform((text) => text || undefined),
);

/** `MAX_RECEIVERS_PER_PROJECT`, as text. */
export const receiverLimitRule = v.pipe(
  v.string(),
  v.regex(POSITIVE_INTEGER, 'must be a whole number from 1 to 999999'),
);

/** `PROJECTS`, as a list; undefined where it is empty. */
export const projectsRule = v.pipe(
  v.string(),
  v.check((text) => text === '' || /[^\s,]/.test(text), 'must name a project, or be empty for all'),
  v.transform((text) => text.split(',').flatMap((item) => item.trim() || [])),
  v.check(
    (patterns) => patterns.every((pattern) => pattern === CLUSTER_PROJECT || PROJECT_PATTERN.test(pattern)),
    `must be names of projects, with * for any characters, and ${CLUSTER_PROJECT} for the ClusterConfig, separated by commas`,
  ),
  v.transform((patterns) => (patterns.length === 0 ? undefined : patterns)),
);

/** `DRY_RUN` and other switches, as text. */
export const switchRule = v.picklist(['true', 'false'], 'must be true or false');

/** `BITBUCKET_CLOUD_API_URL`, which tokens are sent to. */
export const secureUrlRule = v.pipe(
  v.string(),
  v.check(isSecureUrl, 'must be an https URL'),
  v.transform((url) => url.replace(/\/+$/, '')),
);

/** `EKS_CLUSTER_ENDPOINT`. */
export const clusterEndpointRule = v.pipe(
  v.string(),
  v.check((text) => text.startsWith('https://') && URL.canParse(text), 'must be an https URL'),
);

/** `EKS_CLUSTER_CA`. */
export const clusterCaRule = v.pipe(
  v.string(),
  v.check(isCertificate, 'must be a certificate in base64, as EKS returns it'),
);

function isCertificate(base64: string): boolean {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64')).subject !== undefined;
  } catch {
    return false;
  }
}

/** Builds the pattern of the names that a template, or a segment of one, can result in. */
function templatePattern(template: string): RegExp {
  const parts = template.split(/(\{namespace\}|\{name\})/).map((part) => {
    if (part === '{namespace}') return '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?';
    if (part === '{name}') return '[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?';
    return part.replaceAll(/[^\w/]/g, String.raw`\$&`);
  });
  return new RegExp(`^${parts.join('')}$`);
}

/** Lists the names that a secret's id may stand for: an ARN ends with six characters of Secrets Manager's own, or lacks them. */
function namesOfSecretId(id: string): string[] {
  const [, name = id] = /^arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:(.+)$/.exec(id) ?? [];
  if (name === '') return [];
  return name === id ? [name] : [name.replace(/-[A-Za-z0-9]{6}$/, ''), name];
}
