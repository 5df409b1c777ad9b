//! What every operation has in common, said once: refusals, media types, members that are always there.
//!
//! Runs over the document that the routes made. Adds, never removes: whatever a route says about
//! itself stays as it is, except that a refusal's media type is always `application/problem+json`.

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ArrayBuilder, Schema};
use utoipa::openapi::{ContentBuilder, OpenApi, PathItem, Ref, RefOr, Response, ResponseBuilder};

const PROBLEM: &str = "application/problem+json";

/// Members that a reply leaves out where they say nothing; all others are always there.
const LEFT_OUT: [(&str, &str); 2] = [("Problem", "field"), ("Problem", "order")];

/// Shapes that only requests have; there, what is absent has a meaning of its own.
const REQUESTS: [&str; 15] = [
    "AmendRequest",
    "ApiKeyRequest",
    "Algorithm",
    "Condition",
    "FlowRequest",
    "LimitsChange",
    "LoginRequest",
    "Operand",
    "OrderRequest",
    "Peg",
    "PortfolioChange",
    "PortfolioRequest",
    "RefreshRequest",
    "RegisterRequest",
    "WsRequest",
];
/// Parts of requests, likewise.
const REQUEST_PARTS: [&str; 2] = ["StopLoss", "TakeProfit"];

/// Completes the document.
pub(super) fn finish(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            complete(path, operation);
        }
    }
    let Some(components) = &mut document.components else { return };
    for (name, schema) in &mut components.schemas {
        if let Some(row) = name.strip_prefix("Page_") {
            name_rows(row, schema);
        }
        if !REQUESTS.contains(&name.as_str()) && !REQUEST_PARTS.contains(&name.as_str()) {
            require_all(name, schema);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete, &mut item.put].into_iter().flatten()
}

/// Adds the refusals that any operation of this kind may answer with.
fn complete(path: &str, operation: &mut Operation) {
    let mut statuses = Vec::new();
    if operation.security.as_ref().is_some_and(|security| !security.is_empty()) {
        statuses.extend(["401", "429"]);
    }
    if operation.request_body.is_some() {
        statuses.extend(["400", "408", "413", "415"]);
    }
    if operation.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty()) {
        statuses.push("400");
    }
    if path.contains("{id}") || path.contains("{key_id}") {
        statuses.push("404");
    }
    let changes = operation.responses.responses.keys().any(|status| status == "201" || status == "204")
        || operation.request_body.is_some();
    if changes && operation.security.is_some() {
        statuses.push("403");
    }
    statuses.extend(["500", "503"]);
    for status in statuses {
        let missing = || ResponseBuilder::new().build().into();
        operation.responses.responses.entry(status.to_owned()).or_insert_with(missing);
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            describe(status, response);
        }
    }
}

fn describe(status: &str, response: &mut Response) {
    if response.description.is_empty() {
        meaning(status).clone_into(&mut response.description);
    }
    if status.starts_with('4') || status.starts_with('5') {
        response.content.clear();
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        response.content.insert(PROBLEM.to_owned(), content.into());
    }
}

/// What a status means wherever an operation does not say it better.
fn meaning(status: &str) -> &'static str {
    match status {
        "200" => "As asked",
        "201" => "Made",
        "204" => "Done; there is nothing to say",
        "400" => "Invalid whatever the state: `field` names the member at fault",
        "401" => "Credentials are missing, wrong or out of date",
        "403" => "Known, and not allowed: the key may only read, or a person has to do this",
        "404" => "Not there, or another user's",
        "408" => "The body took too long to arrive",
        "409" => "The wrong moment: taken already, or not open any more",
        "413" => "The body is larger than 64 KiB",
        "415" => "The body must be application/json",
        "422" => "Refused by the market, the portfolio or the clock",
        "429" => "Too many requests; `Retry-After` says how long to wait",
        "500" => "The server failed; the failure was logged",
        "501" => "Documented, and not offered by this server: `field` names what asked for it",
        "503" => {
            "OVERLOADED, STOPPING, STORAGE_UNAVAILABLE and STORAGE_FULL: nothing happened, try again. \
             OUTCOME_UNKNOWN: send it again with the same client_order_id"
        }
        "507" => "STORAGE_LOW: nothing happened; orders can be cancelled and made smaller",
        _ => "See the problem document",
    }
}

/// Replies always carry every member, null where it has no value.
fn require_all(schema_name: &str, schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            let names: Vec<String> = object.properties.keys().cloned().collect();
            for name in names {
                let is_left_out = LEFT_OUT.contains(&(schema_name, name.as_str()));
                if !is_left_out && !object.required.contains(&name) {
                    object.required.push(name);
                }
            }
        }
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter_mut().for_each(|part| require_all(schema_name, part)),
        RefOr::T(_) | RefOr::Ref(_) => {}
    }
}

/// A page names the shape of its rows, which would stand there in full otherwise.
fn name_rows(row: &str, schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(page)) = schema else { return };
    let rows = ArrayBuilder::new().items(Ref::from_schema_name(row));
    page.properties.insert("results".to_owned(), rows.into());
}
