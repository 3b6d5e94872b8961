//! Figures of CloudWatch.

use std::collections::HashMap;

use audit_app::ports::{Metric, PortError, Statistic};
use aws_sdk_cloudwatch::{
    Client,
    types::{Dimension, Metric as Named, MetricDataQuery, MetricStat, StatusCode},
};
use aws_smithy_types::DateTime;
use jiff::{SignedDuration, Timestamp};

use crate::error::port_error;

const ACTION: &str = "read the figures of CloudWatch";
/// So many figures a call takes.
const FIGURES: usize = 500;

/// `cloudwatch:GetMetricData`, all pages.
pub(super) async fn read(
    client: &Client,
    asked: &[Metric],
    over: SignedDuration,
    now: Timestamp,
) -> Result<Vec<Option<f64>>, PortError> {
    // an hour's figures for a day, and those of five minutes for less
    let period = if over >= SignedDuration::from_hours(1) { 3600 } else { 300 };
    let since = DateTime::from_secs(now.as_second() - over.as_secs());
    let mut values: HashMap<String, Vec<f64>> = HashMap::new();
    for (nth, asked) in asked.chunks(FIGURES).enumerate() {
        let queries = asked.iter().enumerate();
        let queries = queries.map(|(at, metric)| query(nth * FIGURES + at, metric, period)).collect();
        let pages = client.get_metric_data().set_metric_data_queries(Some(queries)).start_time(since);
        let mut pages = pages.end_time(DateTime::from_secs(now.as_second())).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| port_error(ACTION, &error))?;
            for result in page.metric_data_results() {
                if matches!(result.status_code(), Some(StatusCode::Forbidden | StatusCode::InternalError)) {
                    let messages = result.messages().iter().filter_map(|message| message.value());
                    let why = messages.collect::<Vec<_>>().join("; ");
                    return Err(PortError::retry(ACTION, format!("a figure was refused: {why}")));
                }
                let id = result.id().unwrap_or_default().to_owned();
                values.entry(id).or_default().extend(result.values());
            }
        }
    }
    let figure = |(nth, metric): (usize, &Metric)| {
        let values = values.get(&id(nth)).filter(|values| !values.is_empty())?;
        Some(match metric.statistic {
            Statistic::Sum => values.iter().sum(),
            Statistic::Maximum => values.iter().copied().fold(0.0, f64::max),
        })
    };
    Ok(asked.iter().enumerate().map(figure).collect())
}

fn id(nth: usize) -> String {
    format!("m{nth}")
}

fn query(nth: usize, metric: &Metric, period: i32) -> MetricDataQuery {
    let statistic = match metric.statistic {
        Statistic::Sum => "Sum",
        Statistic::Maximum => "Maximum",
    };
    let query = MetricDataQuery::builder().id(id(nth));
    let Some((name, value)) = &metric.dimension else {
        // whatever its dimensions are called: those of Bedrock's deliveries are not documented by name
        let (namespace, name) = (metric.namespace, metric.name);
        return query
            .expression(format!(
                "SUM(SEARCH('Namespace=\"{namespace}\" MetricName=\"{name}\"', '{statistic}', {period}))"
            ))
            .build();
    };
    let dimension = Dimension::builder().name(*name).value(value).build();
    let named = Named::builder().namespace(metric.namespace).metric_name(metric.name).dimensions(dimension);
    let stat = MetricStat::builder().metric(named.build()).period(period).stat(statistic);
    query.metric_stat(stat.build()).build()
}
