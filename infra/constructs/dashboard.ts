import { Aws } from 'aws-cdk-lib';
import { METRICS_NAMESPACE, type FunctionName } from '../../lib/functions.ts';

/** Graphs are three to a row of CloudWatch's 24 columns. */
const WIDTH = 8;
const HEIGHT = 6;
const ALARMS_HEIGHT = 3;

const PERIOD_SECONDS = 300;

/** One line of a graph, as CloudWatch writes it: a metric's namespace, name, dimensions and options, or an expression. */
type Line = readonly unknown[];

interface Graph {
  readonly title: string;
  readonly lines: readonly Line[];
}

/** Returns the body of the dashboard, which answers "are webhooks working?". */
export function dashboardBody(deploymentName: string, apiId: string, alarmIds: readonly string[]): string {
  const ofLambda = (name: FunctionName, metric: string, label: string): Line => [
    'AWS/Lambda',
    metric,
    'FunctionName',
    `${deploymentName}-${name}`,
    { label },
  ];
  const ofApi = (metric: string, options: object): Line => [
    'AWS/ApiGateway',
    metric,
    'ApiId',
    apiId,
    options,
  ];
  const graphs: Graph[] = [
    { title: 'Deliveries by event and outcome', lines: [search('Deliveries', 'Sum')] },
    { title: 'Refreshed', lines: [search('Refreshed', 'Sum')] },
    {
      title: 'Rejected and failed',
      lines: [
        search('SignatureFailures', 'Sum', 'signature failures'),
        search('RefusedRefreshes', 'Sum', 'refused by the cluster'),
        ofApi('5xx', { label: 'answered 5xx' }),
        ofLambda('receiver', 'Errors', 'receiver errors'),
        ofLambda('receiver', 'Throttles', 'receiver throttled'),
      ],
    },
    {
      title: 'Reconciler: five runs in five minutes',
      lines: [
        ofLambda('reconciler', 'Invocations', 'runs'),
        ofLambda('reconciler', 'Errors', 'failed runs'),
        search('ReconcileFailures', 'Sum', 'failures in them'),
      ],
    },
    {
      title: 'Receivers that are not served',
      lines: [
        search('UnreadyReceivers', 'Maximum', 'not ready'),
        search('RouteMissing', 'Maximum', 'without a route'),
        search('ContestedReceivers', 'Maximum', 'published by another deployment'),
      ],
    },
    {
      title: 'Time to answer Bitbucket (it times out after 10 s)',
      lines: ['p50', 'p99'].map((stat) => ofApi('Latency', { label: stat, stat })),
    },
    {
      title: 'Cluster API latency',
      lines: ['p50', 'p99'].map((stat) => search('ClusterLatency', stat, stat)),
    },
  ];
  return JSON.stringify({ widgets: [alarmWidget(deploymentName, alarmIds), ...graphs.map(graphWidget)] });
}

/** Finds a metric of the functions under whatever dimensions it has, a line for each. */
function search(metric: string, stat: string, label = ''): Line {
  const filter = `Namespace="${METRICS_NAMESPACE}" MetricName="${metric}"`;
  return [{ expression: `SEARCH('${filter}', '${stat}', ${PERIOD_SECONDS})`, label }];
}

function alarmWidget(deploymentName: string, alarmIds: readonly string[]): object {
  const alarmArn = `arn:${Aws.PARTITION}:cloudwatch:${Aws.REGION}:${Aws.ACCOUNT_ID}:alarm`;
  return {
    type: 'alarm',
    x: 0,
    y: 0,
    width: 3 * WIDTH,
    height: ALARMS_HEIGHT,
    properties: {
      title: 'Are webhooks working?',
      alarms: alarmIds.map((id) => `${alarmArn}:${deploymentName}-${id}`),
    },
  };
}

function graphWidget({ title, lines }: Graph, index: number): object {
  return {
    type: 'metric',
    x: (index % 3) * WIDTH,
    y: ALARMS_HEIGHT + Math.floor(index / 3) * HEIGHT,
    width: WIDTH,
    height: HEIGHT,
    properties: {
      title,
      region: Aws.REGION,
      view: 'timeSeries',
      period: PERIOD_SECONDS,
      stat: 'Sum',
      metrics: lines,
    },
  };
}
