# Turns the report of 'latchkey demo --json' into what opload-demo.json takes from
# the environment.
. as $demo
| .tenants[] | select(.domain == "contoso.example")
| (.clients | map({(.name): .}) | add) as $client
| (.users[] | select(.user_principal_name == "load@contoso.example")) as $load
| {
    LATCHKEY_ISSUER: .issuer,
    LATCHKEY_DATA: $demo.data,
    LATCHKEY_WEB_ID: $client.web.client_id,
    LATCHKEY_WEB_SECRET: $client.web.client_secret,
    LATCHKEY_WORKER_ID: $client.worker.client_id,
    LATCHKEY_WORKER_SECRET: $client.worker.client_secret,
    LATCHKEY_LOAD_PASS: $load.temporary_access_pass
  }
| to_entries[] | "export \(.key)=\(.value | @sh)"
