import { expect } from '@jest/globals';
import type { ContractCase, Step } from './contract-case.ts';
import { created, failure, KARGO, post, secret, SECRETS, WAREHOUSES, warehouse } from './requests.ts';

const UNAUTHORIZED = failure(401, 'Unauthorized', 'Unauthorized');
const METHOD = 'the server does not allow this method on the requested resource';
const UNRECOGNIZED = 'the object provided is unrecognized \\(must be of type Warehouse\\): ';
const ACCOUNTS = '/api/v1/namespaces/{namespace}/serviceaccounts';

function malformed(body: unknown, because: string, contentType?: string): Step {
  const message = expect.stringMatching(`^${UNRECOGNIZED}${because}`);
  return { send: post(WAREHOUSES, body, contentType), expect: failure(400, 'BadRequest', message) };
}

function unreadable(object: object, because: string): Step {
  const message = `Warehouse in version "v1alpha1" cannot be handled as a Warehouse: json: cannot unmarshal ${because}`;
  return {
    send: post(WAREHOUSES, { ...warehouse('w'), ...object }),
    expect: failure(400, 'BadRequest', message),
  };
}

export const refusing: ContractCase[] = [
  {
    name: 'nobody, somebody else, and somebody by other means',
    steps: [
      { send: { path: WAREHOUSES, token: '' }, expect: UNAUTHORIZED },
      { send: { path: WAREHOUSES, token: 'wrong' }, expect: UNAUTHORIZED },
      {
        send: { path: WAREHOUSES, token: '', headers: { authorization: 'Basic eDp5' } },
        expect: UNAUTHORIZED,
      },
      { send: { ...post(WAREHOUSES, warehouse('w')), token: 'wrong' }, expect: UNAUTHORIZED },
    ],
  },
  {
    name: 'somebody who has no right to it',
    needs: 'authorization',
    steps: [
      created(ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'nobody' } }),
      created(`${ACCOUNTS}/nobody/token`, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {},
      }),
      {
        send: (answers) => ({
          path: WAREHOUSES,
          token: (answers[1]!.body.status as { token: string }).token,
        }),
        expect: failure(
          403,
          'Forbidden',
          'warehouses.kargo.akuity.io is forbidden: User "system:serviceaccount:{namespace}:nobody" cannot list resource ' +
            '"warehouses" in API group "kargo.akuity.io" in the namespace "{namespace}"',
        ),
      },
    ],
  },
  {
    name: 'text that is no object',
    steps: [
      malformed('{', "couldn't get version/kind; json parse error: "),
      malformed('', "couldn't get version/kind; json parse error: "),
      malformed('kind: Warehouse', "couldn't get version/kind; json parse error: "),
      malformed([1], "couldn't get version/kind; json parse error: json: cannot unmarshal array"),
      malformed('"a"', "couldn't get version/kind; json parse error: json: cannot unmarshal string"),
      malformed('null', "Object 'Kind' is missing in 'null'"),
      malformed({ ...warehouse('w'), kind: undefined }, "Object 'Kind' is missing in "),
      malformed('a: [', 'yaml: ', 'application/yaml'),
      malformed(
        `{"kind":"Warehouse","spec":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
        "couldn't get version/kind; json parse error: ",
      ),
    ],
  },
  {
    name: 'metadata that cannot be read',
    steps: [
      unreadable({ metadata: 'a' }, 'string into Go value of type v1.ObjectMeta'),
      unreadable({ metadata: { name: 1 } }, 'number into Go struct field ObjectMeta.name of type string'),
      unreadable(
        { metadata: { name: 'w', labels: { a: 1 } } },
        'number into Go struct field ObjectMeta.labels of type string',
      ),
      unreadable(
        { metadata: { name: 'w', annotations: 'a' } },
        'string into Go struct field ObjectMeta.annotations of type map[string]string',
      ),
    ],
  },
  {
    name: 'bytes that are none',
    steps: [
      {
        send: post(SECRETS, secret('s', { data: { a: 'YWJj!' } })),
        expect: failure(
          400,
          'BadRequest',
          'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 4',
        ),
      },
      {
        send: post(SECRETS, secret('s', { stringData: { a: 1 } })),
        expect: failure(
          400,
          'BadRequest',
          'Secret in version "v1" cannot be handled as a Secret: json: cannot unmarshal number into Go struct field Secret.stringData of type string',
        ),
      },
    ],
  },
  {
    name: 'media types that are not spoken',
    steps: ['text/plain', 'nonsense', 'application/merge-patch+json'].map((contentType) => ({
      send: post(WAREHOUSES, warehouse('w'), contentType),
      expect: failure(
        415,
        'UnsupportedMediaType',
        expect.stringMatching(
          /^the body of the request was in an unknown format - accepted media types include: application\/json, application\/yaml/,
        ),
      ),
    })),
  },
  {
    name: 'methods that a place does not have',
    steps: [
      { send: { method: 'PUT', path: SECRETS, body: {} }, expect: failure(405, 'MethodNotAllowed', METHOD) },
      {
        send: { method: 'DELETE', path: '/api/v1/namespaces' },
        expect: failure(405, 'MethodNotAllowed', METHOD),
      },
      { send: { method: 'OPTIONS', path: SECRETS }, expect: failure(405, 'MethodNotAllowed', METHOD) },
      {
        send: { method: 'PUT', path: WAREHOUSES, body: {} },
        expect: failure(400, 'BadRequest', 'name must be provided'),
      },
      {
        send: { method: 'POST', path: `${KARGO}/warehouses`, body: {} },
        expect: { code: 404, text: '404 page not found\n', type: 'text/plain; charset=utf-8' },
      },
    ],
  },
  {
    name: 'more than there is room for',
    steps: [
      {
        send: post(WAREHOUSES, warehouse('w', { spec: { subscriptions: ['x'.repeat(3 * 1024 * 1024)] } })),
        expect: failure(413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728'),
      },
      {
        send: post(WAREHOUSES, warehouse('w', { spec: { subscriptions: ['x'.repeat(1.6 * 1024 * 1024)] } })),
        expect: { code: 500, body: { message: 'etcdserver: request is too large' } },
      },
    ],
  },
];
