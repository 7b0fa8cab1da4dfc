import type { ApiAnswer, ApiRequest } from '../api-client.ts';

/** What an answer has to be. Strings may hold `{namespace}`, the namespace that the case has to itself. */
export interface Expected {
  code: number;
  /** The answer's own content type, where it is not JSON. */
  type?: string;
  /** The whole answer, where it is no object. */
  text?: unknown;
  /** A part of the answered object; everything in it has to be there, with this value or one that this matches. */
  body?: object;
  /** Paths into the answered object, joined by dots, where there must be nothing. */
  absent?: string[];
}

/** One exchange. A request can be made from the answers to those before it. */
export interface Step {
  send: ApiRequest | ((answers: ApiAnswer[]) => ApiRequest);
  expect: Expected;
}

/** What not every cluster API has. */
export type Ability = 'authorization';

/** A few exchanges, in a namespace of their own, that any cluster API has to answer in this way. */
export interface ContractCase {
  name: string;
  needs?: Ability;
  steps: Step[];
}
