import {
  Aws,
  aws_cloudwatch as cloudwatch,
  aws_cloudwatch_actions as actions,
  type aws_sns as sns,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { FUNCTION_NAMES, METRICS_NAMESPACE, serviceNameOf, type FunctionName } from '../../lib/functions.ts';
import { deployedFunctions, hasCluster, hasRegistry } from '../deployed-functions.ts';
import {
  alarmsOf,
  apiServiceNameOf,
  GONE_RECEIVER_METRIC,
  sumOf,
  type ObservedDeployment,
} from './alarms.ts';
import { alarmsOfRetries, metricsOfQueues } from './retry-alarms.ts';
import type { RetryQueue } from './retry-queue.ts';

/** Graphs are three to a row of CloudWatch's 24 columns. */
const ALL_COLUMNS = 24;
const WIDTH = 8;
const ALARMS_HEIGHT = 3;

/** A bug is no error of Lambda's: the receiver answers it with 500, which the gateway counts. */
const ALARMS_OF_RECEIVER: ReadonlySet<string> = new Set(['receiver-errors', 'server-errors']);

/** The alarms and the dashboard. */
export class Observability extends Construct {
  readonly alarms: cloudwatch.Alarm[];
  readonly dashboard: cloudwatch.Dashboard;
  /** Those that a faulty receiver starts: it crashes, times out or answers 500. */
  readonly alarmsOfReceiver: cloudwatch.Alarm[];

  /** @param alarmTopic - is notified when an alarm starts and ends */
  constructor(
    scope: Construct,
    observed: ObservedDeployment,
    retries: RetryQueue | undefined,
    alarmTopic?: sns.ITopic,
  ) {
    super(scope, 'Observability');
    const { deploymentName } = observed;
    const alarms = {
      ...alarmsOf(observed),
      ...(retries !== undefined && alarmsOfRetries(observed, retries)),
    };
    this.alarms = Object.entries(alarms).map(
      ([alarmId, props]) =>
        new cloudwatch.Alarm(this, alarmId, { ...props, alarmName: `${deploymentName}-${alarmId}` }),
    );
    this.alarmsOfReceiver = this.alarms.filter(({ node }) => ALARMS_OF_RECEIVER.has(node.id));
    if (alarmTopic !== undefined) {
      const action = new actions.SnsAction(alarmTopic);
      for (const alarm of this.alarms) {
        alarm.addAlarmAction(action);
        alarm.addOkAction(action);
      }
    }
    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', {
      // Dashboards of all regions of an account share their names.
      dashboardName: `${deploymentName}-${Aws.REGION}`,
      widgets: dashboardRows(observed, this.alarms, retries),
    });
  }
}

/** Returns the dashboard's rows of widgets, which answer "are webhooks working?". */
function dashboardRows(
  { deploymentName, apiId, settings }: ObservedDeployment,
  alarms: cloudwatch.IAlarm[],
  retries: RetryQueue | undefined,
): cloudwatch.IWidget[][] {
  const ofLambda = (name: FunctionName, metricName: string, label: string) =>
    sumOf('AWS/Lambda', metricName, { FunctionName: `${deploymentName}-${name}` }, { label });
  const ofApi = (metricName: string, statistic: string, label: string) =>
    sumOf('AWS/ApiGateway', metricName, { ApiId: apiId }, { label, statistic });
  const search = searchIn(deploymentName);
  const title = 'Are webhooks working?';
  const latency = graph(
    'Time to answer Bitbucket (it times out after 10 s)',
    ofApi('Latency', 'p50', 'p50'),
    ofApi('Latency', 'p99', 'p99'),
  );
  return [
    [new cloudwatch.AlarmStatusWidget({ title, alarms, width: ALL_COLUMNS, height: ALARMS_HEIGHT })],
    [
      graph('Deliveries by event and outcome', search('Deliveries', 'Sum')),
      graph(
        hasRegistry(settings) ? 'Refreshed and synced' : 'Refreshed',
        search('Refreshed', 'Sum'),
        ...(hasRegistry(settings) ? [search('Synced', 'Sum', 'packages synced')] : []),
      ),
      graph(
        'Rejected and failed',
        search('SignatureFailures', 'Sum', 'signature failures'),
        search('RefusedRefreshes', 'Sum', 'refused by the cluster'),
        ...(hasRegistry(settings) ? [search('RefusedSyncs', 'Sum', 'refused by the registry')] : []),
        ofApi('5xx', 'Sum', 'answered 5xx'),
        ofLambda('receiver', 'Errors', 'receiver errors'),
        ofLambda('receiver', 'Throttles', 'receiver throttled'),
        sumOf(
          METRICS_NAMESPACE,
          GONE_RECEIVER_METRIC,
          { service: apiServiceNameOf(deploymentName) },
          { label: 'to receivers that are gone' },
        ),
      ),
    ],
    ...(hasCluster(settings) ? clusterRows(ofLambda, search, latency) : [[latency]]),
    ...(retries === undefined
      ? []
      : [
          [
            graph('Redeliveries by outcome', search('Redeliveries', 'Sum')),
            graph('Retry queue', ...Object.values(metricsOfQueues(retries))),
          ],
        ]),
    ...(deployedFunctions(settings).includes('registrar') ? [registrarRow(search)] : []),
  ];
}

/** Returns the rows that a deployment with a cluster has. */
function clusterRows(
  ofLambda: (name: FunctionName, metricName: string, label: string) => cloudwatch.Metric,
  search: ReturnType<typeof searchIn>,
  latency: cloudwatch.IWidget,
): cloudwatch.IWidget[][] {
  return [
    [
      graph(
        'Reconciler: five runs in five minutes',
        ofLambda('reconciler', 'Invocations', 'runs'),
        ofLambda('reconciler', 'Errors', 'failed runs'),
        search('ReconcileFailures', 'Sum', 'failures in them'),
      ),
      graph(
        'Receivers that are not served',
        search('UnreadyReceivers', 'Maximum', 'not ready'),
        search('RouteMissing', 'Maximum', 'without a route'),
        search('ContestedReceivers', 'Maximum', 'published by another deployment'),
      ),
      latency,
    ],
    [
      graph(
        'Cluster API latency',
        search('ClusterLatency', 'p50', 'p50'),
        search('ClusterLatency', 'p99', 'p99'),
      ),
      graph(
        'Rotations',
        search('PreviousSecrets', 'Maximum', 'receivers with a previous secret'),
        search('PreviousSecretDeliveries', 'Sum', 'deliveries that use one'),
        search('EndingSecretDeliveries', 'Sum', 'in the last day of its grace'),
      ),
      graph('Lookups without the index', search('IndexUnavailable', 'Sum')),
    ],
  ];
}

/** Returns the row that a deployment with a registrar has. */
function registrarRow(search: ReturnType<typeof searchIn>): cloudwatch.IWidget[] {
  return [
    graph(
      'Webhooks in Bitbucket',
      search('RegisteredWebhooks', 'Maximum', 'as declared'),
      search('FailingWebhooks', 'Maximum', 'not as declared'),
    ),
  ];
}

function graph(title: string, ...left: cloudwatch.IMetric[]): cloudwatch.GraphWidget {
  return new cloudwatch.GraphWidget({ title, left, width: WIDTH });
}

/** Returns the function that finds a metric of a deployment under whatever dimensions it has, a line for each. */
function searchIn(deploymentName: string) {
  const services = FUNCTION_NAMES.map((name) => `"${serviceNameOf(name, deploymentName)}"`).join(' OR ');
  return (metric: string, statistic: string, label = ''): cloudwatch.IMetric => {
    const filter = `Namespace="${METRICS_NAMESPACE}" MetricName="${metric}" service=(${services})`;
    return new cloudwatch.SearchExpression({ expression: `SEARCH('${filter}', '${statistic}', 300)`, label });
  };
}
