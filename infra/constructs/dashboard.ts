import { aws_cloudwatch as cloudwatch } from 'aws-cdk-lib';
import { METRICS_NAMESPACE, type FunctionName } from '../../lib/functions.ts';

/** Graphs are three to a row of CloudWatch's 24 columns. */
const ALL_COLUMNS = 24;
const WIDTH = 8;
const ALARMS_HEIGHT = 3;

/** Returns the dashboard's rows of widgets, which answer "are webhooks working?". */
export function dashboardRows(
  deploymentName: string,
  apiId: string,
  alarms: cloudwatch.IAlarm[],
): cloudwatch.IWidget[][] {
  const ofLambda = (name: FunctionName, metricName: string, label: string) => {
    const dimensionsMap = { FunctionName: `${deploymentName}-${name}` };
    return new cloudwatch.Metric({
      namespace: 'AWS/Lambda',
      metricName,
      dimensionsMap,
      label,
      statistic: 'Sum',
    });
  };
  const ofApi = (metricName: string, label: string, statistic: string) =>
    new cloudwatch.Metric({
      namespace: 'AWS/ApiGateway',
      metricName,
      dimensionsMap: { ApiId: apiId },
      label,
      statistic,
    });
  const title = 'Are webhooks working?';
  return [
    [new cloudwatch.AlarmStatusWidget({ title, alarms, width: ALL_COLUMNS, height: ALARMS_HEIGHT })],
    [
      graph('Deliveries by event and outcome', search('Deliveries', 'Sum')),
      graph('Refreshed', search('Refreshed', 'Sum')),
      graph(
        'Rejected and failed',
        search('SignatureFailures', 'Sum', 'signature failures'),
        search('RefusedRefreshes', 'Sum', 'refused by the cluster'),
        ofApi('5xx', 'answered 5xx', 'Sum'),
        ofLambda('receiver', 'Errors', 'receiver errors'),
        ofLambda('receiver', 'Throttles', 'receiver throttled'),
      ),
    ],
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
      graph(
        'Time to answer Bitbucket (it times out after 10 s)',
        ofApi('Latency', 'p50', 'p50'),
        ofApi('Latency', 'p99', 'p99'),
      ),
    ],
    [
      graph(
        'Cluster API latency',
        search('ClusterLatency', 'p50', 'p50'),
        search('ClusterLatency', 'p99', 'p99'),
      ),
    ],
  ];
}

function graph(title: string, ...left: cloudwatch.IMetric[]): cloudwatch.GraphWidget {
  return new cloudwatch.GraphWidget({ title, left, width: WIDTH });
}

/** Finds a metric of the functions under whatever dimensions it has, a line for each. */
function search(metric: string, statistic: string, label = ''): cloudwatch.IMetric {
  const filter = `Namespace="${METRICS_NAMESPACE}" MetricName="${metric}"`;
  return new cloudwatch.SearchExpression({ expression: `SEARCH('${filter}', '${statistic}', 300)`, label });
}
