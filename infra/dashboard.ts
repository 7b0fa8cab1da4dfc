import { values } from './values.ts';

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

/**
 * Gives the dashboard of the deployment `name` that answers "are webhooks working?", in the notation of CloudFormation's Fn::Sub with
 * `${HttpApi}` for the API. `alarmIds` are the ends of its alarms' names.
 */
export function dashboard(name: string, alarmIds: readonly string[]): string {
  const graphs: Graph[] = [
    { title: 'Deliveries by event and outcome', lines: [ownMetric('Deliveries', 'Sum')] },
    { title: 'Refreshed', lines: [ownMetric('Refreshed', 'Sum')] },
    {
      title: 'Refused and failed',
      lines: [
        ownMetric('SignatureFailures', 'Sum', 'signature failures'),
        ['AWS/ApiGateway', '5xx', 'ApiId', '${HttpApi}', { label: 'answered 5xx' }],
        lambdaMetric('Errors', `${name}-receiver`, 'receiver errors'),
        lambdaMetric('Throttles', `${name}-receiver`, 'receiver throttled'),
      ],
    },
    {
      title: 'Reconciler: five runs in five minutes',
      lines: [
        lambdaMetric('Invocations', `${name}-reconciler`, 'runs'),
        lambdaMetric('Errors', `${name}-reconciler`, 'failed runs'),
        ownMetric('ReconcileFailures', 'Sum', 'failures in them'),
      ],
    },
    {
      title: 'Time to answer Bitbucket (it waits 10 s)',
      lines: ['p50', 'p99'].map((stat) => [
        'AWS/ApiGateway',
        'Latency',
        'ApiId',
        '${HttpApi}',
        { label: stat, stat },
      ]),
    },
    {
      title: 'Cluster API latency',
      lines: ['p50', 'p99'].map((stat) => ownMetric('ClusterLatency', stat, stat)),
    },
  ];
  return JSON.stringify({ widgets: [alarmWidget(name, alarmIds), ...graphs.map(graphWidget)] });
}

/** Finds a metric of ours under whatever dimensions it has, a line for each. */
function ownMetric(metric: string, stat: string, label = ''): Line {
  const filter = `Namespace="${values.metrics.namespace}" MetricName="${metric}"`;
  return [{ expression: `SEARCH('${filter}', '${stat}', ${PERIOD_SECONDS})`, label }];
}

function lambdaMetric(metric: string, functionName: string, label: string): Line {
  return ['AWS/Lambda', metric, 'FunctionName', functionName, { label }];
}

function alarmWidget(name: string, alarmIds: readonly string[]): object {
  const alarmArn = 'arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm';
  return {
    type: 'alarm',
    x: 0,
    y: 0,
    width: 3 * WIDTH,
    height: ALARMS_HEIGHT,
    properties: {
      title: 'Are webhooks working?',
      alarms: alarmIds.map((id) => `${alarmArn}:${name}-${id}`),
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
      region: '${AWS::Region}',
      view: 'timeSeries',
      period: PERIOD_SECONDS,
      stat: 'Sum',
      metrics: lines,
    },
  };
}
