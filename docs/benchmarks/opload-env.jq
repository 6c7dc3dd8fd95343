# Turns the report of 'latchkey demo --json' into what opload-demo.json takes from
# the environment.
. as $demo
| .tenants[] | select(.domain == "contoso.example")
| (.clients | map({(.name): .}) | add) as $client
| (.users[] | select(.user_principal_name == "load@contoso.example")) as $load
| {
    OPLOAD_ISSUER: .issuer,
    OPLOAD_DATA: $demo.data,
    OPLOAD_WEB_ID: $client.web.client_id,
    OPLOAD_WEB_SECRET: $client.web.client_secret,
    OPLOAD_WORKER_ID: $client.worker.client_id,
    OPLOAD_WORKER_SECRET: $client.worker.client_secret,
    OPLOAD_LOAD_PASS: $load.temporary_access_pass
  }
| to_entries[] | "export \(.key)=\(.value | @sh)"
