//! Makes the tables where no template does: in the embedded engine and in tests.

use audit_app::ports::PortError;
use audit_domain::ledger::schema::{Index, RECORDS, STATES, TABLES, Table};
use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    operation::create_table::{CreateTableError, builders::CreateTableFluentBuilder},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
        ProjectionType, ScalarAttributeType,
    },
};

use super::TableNames;
use crate::error::port_error;

/// Makes the tables that are not there yet.
///
/// # Errors
/// Of the engine.
pub async fn create(client: &Client, names: &TableNames) -> Result<(), PortError> {
    for table in TABLES {
        let name = name_of(table, names);
        let action = format!("make the table {name}");
        let request =
            request(client, table, name).map_err(|error| PortError::permanent(&action, error.to_string()))?;
        match request.send().await {
            Ok(_) => {}
            Err(error) => match error.as_service_error() {
                Some(CreateTableError::ResourceInUseException(_)) => {}
                _ => return Err(port_error(&action, &error)),
            },
        }
    }
    Ok(())
}

fn name_of<'a>(table: &Table, names: &'a TableNames) -> &'a str {
    match table.role {
        role if role == RECORDS.role => &names.records,
        role if role == STATES.role => &names.states,
        _ => &names.deliveries,
    }
}

fn request(client: &Client, table: &Table, name: &str) -> Result<CreateTableFluentBuilder, BuildError> {
    let mut request = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    let mut keys: Vec<&str> = vec![table.partition, table.sort];
    keys.extend(table.indexes.iter().flat_map(|index| [index.partition, index.sort]));
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let definition = AttributeDefinition::builder()
            .attribute_name(key)
            .attribute_type(ScalarAttributeType::S)
            .build()?;
        request = request.attribute_definitions(definition);
    }
    request = request.set_key_schema(Some(key_schema(table.partition, table.sort)?));
    for index in table.indexes {
        request = request.global_secondary_indexes(secondary_index(index)?);
    }
    Ok(request)
}

fn secondary_index(index: &Index) -> Result<GlobalSecondaryIndex, BuildError> {
    let projected = index.projected.iter().map(|name| (*name).to_owned()).collect();
    GlobalSecondaryIndex::builder()
        .index_name(index.name)
        .set_key_schema(Some(key_schema(index.partition, index.sort)?))
        .projection(
            Projection::builder()
                .projection_type(ProjectionType::Include)
                .set_non_key_attributes(Some(projected))
                .build(),
        )
        .build()
}

fn key_schema(partition: &str, sort: &str) -> Result<Vec<KeySchemaElement>, BuildError> {
    let element =
        |name: &str, kind: KeyType| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    Ok(vec![element(partition, KeyType::Hash)?, element(sort, KeyType::Range)?])
}
