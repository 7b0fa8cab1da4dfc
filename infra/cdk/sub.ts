import { Aws } from 'aws-cdk-lib';
import type { Sub } from '../permissions.ts';

const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::Partition': Aws.PARTITION,
  'AWS::Region': Aws.REGION,
  'AWS::AccountId': Aws.ACCOUNT_ID,
  'AWS::URLSuffix': Aws.URL_SUFFIX,
};

/** Makes the `sub` of one stack: `${HttpApi}` is its API, the rest is AWS's own. */
export function subFor(apiId: string): Sub<string> {
  return (text) =>
    text.replaceAll(/\$\{([A-Za-z]+(?:::[A-Za-z]+)?)\}/g, (reference, name: string) =>
      name === 'HttpApi' ? apiId : (PSEUDO_PARAMETERS[name] ?? reference),
    );
}
