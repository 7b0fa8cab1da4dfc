import type { ContractCase, Step } from './contract-case.ts';
import { created, failure, KARGO, WAREHOUSES, warehouse } from './requests.ts';

const LABELLED: [name: string, labels: Record<string, string>][] = [
  ['none', {}],
  ['one', { app: 'one', 'example.com/tier': 'front' }],
  ['two', { app: 'two' }],
];

const LABELS: [selector: string, names: string[]][] = [
  ['app=one', ['one']],
  ['app==one', ['one']],
  [' app = one ', ['one']],
  ['app!=one', ['none', 'two']],
  ['app=', []],
  ['app in (one, three)', ['one']],
  ['app in(one,two)', ['one', 'two']],
  ['app notin (one)', ['none', 'two']],
  ['app', ['one', 'two']],
  ['!app', ['none']],
  ['! app', ['none']],
  ['app,example.com/tier=front', ['one']],
  ['app in (one,two),!example.com/tier', ['two']],
];

const FIELDS: [selector: string, names: string[]][] = [
  ['metadata.name=one', ['one']],
  ['metadata.name==one', ['one']],
  ['metadata.name!=one', ['none', 'two']],
  ['metadata.namespace={namespace}', ['none', 'one', 'two']],
  ['metadata.name=one,metadata.namespace=other', []],
];

const NO_SELECTORS = ['app in one', 'app==one==two', '=one', 'app one', 'app=o$', 'app,', 'app,,app'];

const objects: Step[] = LABELLED.map(([name, labels]) =>
  created(WAREHOUSES, warehouse(name, { metadata: { labels } })),
);

function selects(query: string, names: string[]): Step {
  return {
    send: { path: `${WAREHOUSES}?${query}` },
    expect: { code: 200, body: { items: names.map((name) => ({ metadata: { name } })) } },
  };
}

export const selecting: ContractCase[] = [
  {
    name: 'by labels',
    steps: [
      ...objects,
      ...LABELS.map(([text, names]) => selects(`labelSelector=${encodeURIComponent(text)}`, names)),
    ],
  },
  {
    name: 'by fields',
    steps: [
      ...objects,
      ...FIELDS.map(([text, names]) => selects(`fieldSelector=${text.replaceAll('=', '%3D')}`, names)),
    ],
  },
  {
    name: 'by a namespace, out of all',
    steps: [
      ...objects,
      {
        send: {
          path: `${KARGO}/warehouses?fieldSelector=metadata.namespace%3D{namespace}&labelSelector=app%3Done`,
        },
        expect: { code: 200, body: { items: [{ metadata: { name: 'one' } }] } },
      },
    ],
  },
  {
    name: 'by what is no selector',
    steps: NO_SELECTORS.map((text) => ({
      send: { path: `${WAREHOUSES}?labelSelector=${encodeURIComponent(text)}` },
      expect: { code: 400, body: { reason: 'BadRequest' } },
    })),
  },
  {
    name: 'by fields that cannot be selected by',
    steps: [
      {
        send: { path: `${WAREHOUSES}?fieldSelector=spec.shard%3Da` },
        expect: failure(400, 'BadRequest', 'field label not supported: spec.shard'),
      },
      {
        send: { path: `${WAREHOUSES}?fieldSelector=a` },
        expect: failure(400, 'BadRequest', "invalid selector: 'a'; can't understand 'a'"),
      },
    ],
  },
];
