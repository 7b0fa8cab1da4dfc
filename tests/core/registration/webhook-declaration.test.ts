import { expect, test } from '@jest/globals';
import { formatSubject } from '../../../lib/core/bitbucket/webhook-subject.ts';
import { readWebhookDeclaration } from '../../../lib/core/registration/webhook-declaration.ts';

const HELP =
  'in the annotation kargo-front-door/webhooks is not read. Write "repositories", "pull-requests", workspace:<slug>, ' +
  'repository:<address> or project:<address of Data Center>/<KEY>.';

test.each<[string, string[], { repositories?: boolean; pullRequests?: boolean; faults?: string[] }]>([
  ['repositories', [], { repositories: true }],
  ['repositories, pull-requests', [], { repositories: true, pullRequests: true }],
  ['workspace:acme', ['workspace:acme'], {}],
  [
    'workspace:acme,repository:https://bitbucket.org/acme/shop\n project:https://git.acme.example/SHOP',
    ['workspace:acme', 'repository:https://bitbucket.org/acme/shop', 'project:https://git.acme.example/SHOP'],
    {},
  ],
  ['workspace:acme workspace:ACME', ['workspace:acme'], {}],
  ['workspace:acme, everything', ['workspace:acme'], { faults: [`"everything" ${HELP}`] }],
  [
    '',
    [],
    {
      faults: ['The annotation kargo-front-door/webhooks is empty. Remove it, or set it to "repositories".'],
    },
  ],
])(
  'reads the annotation %j',
  (text, subjects, { repositories = false, pullRequests = false, faults = [] }) => {
    const declaration = readWebhookDeclaration(text, []);
    expect({ ...declaration, subjects: declaration.subjects.map(formatSubject) }).toEqual({
      subjects,
      includesRepositories: repositories,
      wantsPullRequests: pullRequests,
      faults,
    });
  },
);
