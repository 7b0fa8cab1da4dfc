import { formatSubject, parseSubject, type WebhookSubject } from '../bitbucket/webhook-subject.ts';
import { WEBHOOKS_ANNOTATION } from '../kargo/receiver.ts';

/** Subjects of one config: more than most projects have repositories, and few enough to leave requests to the others. */
export const MAX_SUBJECTS = 500;

/** Characters of the annotation's items that a fault quotes. */
const MAX_QUOTED_CHARACTERS = 100;

/** The annotation, parsed. */
export interface WebhookDeclaration {
  /** The subjects that it names. */
  readonly subjects: readonly WebhookSubject[];
  /** Whether every repository that the project's Warehouses subscribe to is one as well. */
  readonly includesRepositories: boolean;
  /** Whether it asks for pull request events, whatever the Stages say. */
  readonly wantsPullRequests: boolean;
  /** What cannot be read, as sentences. */
  readonly faults: readonly string[];
}

/**
 * Reads the annotation {@link WEBHOOKS_ANNOTATION}: items separated by commas or white space. An item that cannot be read does not affect the
 * others.
 *
 * @param servers - Data Center servers for which there are credentials
 * @example
 * readWebhookDeclaration('repositories, workspace:acme, project:https://git.acme.example/SHOP, pull-requests', servers);
 */
export function readWebhookDeclaration(text: string, servers: readonly string[]): WebhookDeclaration {
  const subjects = new Map<string, WebhookSubject>();
  const faults: string[] = [];
  const items = text.split(/[\s,]+/).filter(Boolean);
  const words = new Set(['repositories', 'pull-requests']);
  for (const item of items.filter((word) => !words.has(word))) {
    const subject = parseSubject(item, servers);
    if (subject === undefined) faults.push(describeUnreadable(item));
    else subjects.set(formatSubject(subject), subject);
  }
  if (items.length === 0)
    faults.push(`The annotation ${WEBHOOKS_ANNOTATION} is empty. Remove it, or set it to "repositories".`);
  return {
    subjects: [...subjects.values()],
    includesRepositories: items.includes('repositories'),
    wantsPullRequests: items.includes('pull-requests'),
    faults,
  };
}

function describeUnreadable(item: string): string {
  const quoted = item.length > MAX_QUOTED_CHARACTERS ? `${item.slice(0, MAX_QUOTED_CHARACTERS)}…` : item;
  return (
    `"${quoted}" in the annotation ${WEBHOOKS_ANNOTATION} is not read. Write "repositories", "pull-requests", ` +
    'workspace:<slug>, repository:<address> or project:<address of Data Center>/<KEY>.'
  );
}
