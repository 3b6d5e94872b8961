//! JSON in CBOR, which CloudWatch is spoken to in.

use minicbor::{
    Decoder, Encoder,
    data::{Int, Type},
};
use serde_json::{Map, Number, Value};

/// A document as CBOR. A number that is to be read as a figure has to be written with a fraction (`3.0`).
pub(crate) fn encoded(document: &Value) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    encode(&mut encoder, document);
    encoder.into_writer()
}

fn encode(encoder: &mut Encoder<Vec<u8>>, value: &Value) {
    let size = |len: usize| u64::try_from(len).expect("it is in memory");
    match value {
        Value::Null => encoder.null(),
        Value::Bool(value) => encoder.bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(number) => encoder.i64(number),
            None => encoder.f64(number.as_f64().expect("a figure")),
        },
        Value::String(text) => encoder.str(text),
        Value::Array(items) => {
            encoder.array(size(items.len())).expect("memory takes it");
            items.iter().for_each(|item| encode(encoder, item));
            return;
        }
        Value::Object(members) => {
            encoder.map(size(members.len())).expect("memory takes it");
            for (name, value) in members {
                encoder.str(name).expect("memory takes it");
                encode(encoder, value);
            }
            return;
        }
    }
    .expect("memory takes it");
}

/// What a request holds; tags, such as those of moments, are passed over.
pub(crate) fn decoded(bytes: &[u8]) -> Value {
    decode(&mut Decoder::new(bytes)).unwrap_or_default()
}

fn decode(decoder: &mut Decoder<'_>) -> Result<Value, minicbor::decode::Error> {
    Ok(match decoder.datatype()? {
        Type::Bool => decoder.bool()?.into(),
        Type::String | Type::StringIndef => {
            decoder.str_iter()?.collect::<Result<Vec<_>, _>>()?.concat().into()
        }
        Type::F16 | Type::F32 | Type::F64 => Number::from_f64(decoder.f64()?).into(),
        Type::Tag => {
            decoder.tag()?;
            decode(decoder)?
        }
        Type::Array | Type::ArrayIndef => {
            let mut items = Vec::new();
            let mut left = decoder.array()?;
            while goes_on(decoder, &mut left)? {
                items.push(decode(decoder)?);
            }
            items.into()
        }
        Type::Map | Type::MapIndef => {
            let mut members = Map::new();
            let mut left = decoder.map()?;
            while goes_on(decoder, &mut left)? {
                let name = decoder.str()?.to_owned();
                members.insert(name, decode(decoder)?);
            }
            members.into()
        }
        Type::Null | Type::Undefined => {
            decoder.skip()?;
            Value::Null
        }
        _ => i64::try_from(i128::from(decoder.decode::<Int>()?)).unwrap_or(i64::MAX).into(),
    })
}

/// Whether another entry follows: a list says how many it has, or where it ends.
fn goes_on(decoder: &mut Decoder<'_>, left: &mut Option<u64>) -> Result<bool, minicbor::decode::Error> {
    match left {
        Some(0) => Ok(false),
        Some(count) => {
            *count -= 1;
            Ok(true)
        }
        None if decoder.datatype()? == Type::Break => {
            decoder.skip()?;
            Ok(false)
        }
        None => Ok(true),
    }
}
