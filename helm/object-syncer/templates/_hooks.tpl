{{- /* How the engine reaches the hook server and the two trust each other.

Computed once per rendering, because what is generated must be the same wherever it appears; kept in .Values.
Returns nothing: templates include it, then read $.Values.connection:
  url           scheme, host and port
  tls, token    Secrets to mount, "" if there are none
  certificate   {crt, key, bundle, ca} to write, or empty; names: what it is valid for
  tokens        {token, next, previous} to write, or empty
  webhook       caBundle and authorization of every webhook
  readsSecrets, readsConfigMaps   what the engine must be allowed to read for that
  query         what follows the path in hook URLs: a change of it makes the engine read everything anew
*/}}
{{- define "object-syncer.connection" -}}
{{- if not (hasKey .Values "connection") -}}
{{- $name := include "object-syncer.fullname" . -}}
{{- $tls := .Values.hooks.tls -}}
{{- $token := .Values.hooks.token -}}
{{- $service := printf "%s.%s" $name .Release.Namespace -}}
{{- $scheme := eq $tls.mode "none" | ternary "http" "https" -}}
{{- $url := .Values.hooksUrl | default (printf "%s://%s.svc:%d" $scheme $service (int .Values.hooks.port)) | trimSuffix "/" -}}
{{- if ne (urlParse $url).scheme $scheme -}}
{{- fail (printf "hooksUrl: %s does not fit hooks.tls.mode %s; the engine would ask by %s" $url $tls.mode $scheme) -}}
{{- end -}}
{{- $made := dict "url" $url "tls" "" "token" "" "certificate" dict "tokens" dict "readsSecrets" false "readsConfigMaps" false -}}
{{- $webhook := dict -}}
{{- $secrets := list -}}

{{- $host := regexReplaceAll ":[0-9]+$" (urlParse $url).host "" | trimPrefix "[" | trimSuffix "]" -}}
{{- $isAddress := or (contains ":" $host) (regexMatch "^[0-9.]+$" $host) -}}
{{- $names := list $name $service (printf "%s.svc" $service) (printf "%s.svc.cluster.local" $service) -}}
{{- if not $isAddress }}{{ $names = append $names $host | uniq }}{{ end -}}
{{- $_ := set $made "names" $names -}}

{{- $bundle := $tls.caBundle -}}
{{- if eq $tls.mode "generated" -}}
{{- $_ := set $made "tls" (printf "%s-tls" $name) -}}
{{- $for := printf "%s %s %s" (join "," (append $names $host | uniq)) $tls.generated.rotation (toString $tls.generated.days) | sha256sum | trunc 16 -}}
{{- $kept := lookup "v1" "Secret" .Release.Namespace $made.tls | default dict -}}
{{- $data := $kept.data | default dict -}}
{{- if and (eq (dig "metadata" "annotations" "sync.rustrial.org/issued-for" "" $kept) $for) (hasKey $data "tls.key") -}}
{{- $_ := set $made "certificate" (dict "crt" (get $data "tls.crt" | b64dec) "key" (get $data "tls.key" | b64dec) "ca" (get $data "ca-current.crt" | b64dec) "bundle" (get $data "ca.crt" | b64dec)) -}}
{{- else -}}
{{- $days := int $tls.generated.days -}}
{{- $ca := genCAWithKey (printf "%s CA" $name | trunc 63) $days (genPrivateKey "ecdsa") -}}
{{- $certificate := genSignedCertWithKey (trunc 63 $name) ($isAddress | ternary (list $host) list) $names $days $ca (genPrivateKey "ecdsa") -}}
{{- $former := get $data "ca-current.crt" | b64dec -}}
{{- $_ := set $made "certificate" (dict "crt" $certificate.Cert "key" $certificate.Key "ca" $ca.Cert "bundle" (print $ca.Cert $former)) -}}
{{- end -}}
{{- $_ := set $made.certificate "for" $for -}}
{{- $bundle = $made.certificate.bundle -}}
{{- else if eq $tls.mode "certManager" -}}
{{- if not $tls.certManager.issuerRef.name }}{{ fail "hooks.tls.certManager.issuerRef: name the issuer, as {name: ca, kind: ClusterIssuer}" }}{{ end -}}
{{- $_ := set $made "tls" (printf "%s-tls" $name) -}}
{{- $secrets = append $secrets (list .Release.Namespace $made.tls) -}}
{{- else if eq $tls.mode "secret" -}}
{{- $_ := set $made "tls" (required "hooks.tls.secretName: name the Secret with tls.crt and tls.key" $tls.secretName) -}}
{{- $secrets = append $secrets (list .Release.Namespace $made.tls) -}}
{{- end -}}

{{- if ne $tls.mode "none" -}}
{{- if $bundle -}}
{{- $_ := set $webhook "caBundle" (dict "inline" $bundle) -}}
{{- else if $tls.caSecretRef.name -}}
{{- $ref := merge (dict) $tls.caSecretRef (dict "namespace" .Release.Namespace "key" "ca.crt") -}}
{{- $_ := set $webhook "caBundle" (dict "secretRef" $ref) -}}
{{- $secrets = append $secrets (list $ref.namespace $ref.name) -}}
{{- else if $tls.caConfigMapRef.name -}}
{{- $_ := set $webhook "caBundle" (dict "configMapRef" (merge (dict) $tls.caConfigMapRef (dict "namespace" .Release.Namespace "key" "ca.crt"))) -}}
{{- $_ := set $made "readsConfigMaps" true -}}
{{- else if eq $tls.mode "certManager" -}}
{{- $_ := set $webhook "caBundle" (dict "secretRef" (dict "name" $made.tls "namespace" .Release.Namespace "key" "ca.crt")) -}}
{{- end -}}
{{- end -}}
{{- if dig "caBundle" "secretRef" "" $webhook }}{{ $_ := set $made "readsSecrets" true }}{{ end -}}

{{- if ne $token.mode "none" -}}
{{- $_ := set $made "readsSecrets" true -}}
{{- if eq $token.mode "generated" -}}
{{- $_ := set $made "token" (printf "%s-token" $name) -}}
{{- $kept := lookup "v1" "Secret" .Release.Namespace $made.token | default dict -}}
{{- $data := $kept.data | default dict -}}
{{- $current := get $data "token" | b64dec -}}
{{- $next := get $data "next" | b64dec -}}
{{- if and $current (eq (dig "metadata" "annotations" "sync.rustrial.org/rotation" "" $kept) $token.rotation) -}}
{{- $_ := set $made "tokens" (dict "token" $current "next" $next "previous" (get $data "previous" | b64dec)) -}}
{{- else -}}
{{- $_ := set $made "tokens" (dict "token" ($next | default (randAlphaNum 40)) "next" (randAlphaNum 40) "previous" $current) -}}
{{- end -}}
{{- else -}}
{{- $_ := set $made "token" (required "hooks.token.secretName: name the Secret with the token" $token.secretName) -}}
{{- $secrets = append $secrets (list .Release.Namespace $made.token) -}}
{{- end -}}
{{- $key := eq $token.mode "generated" | ternary "token" $token.key -}}
{{- $_ := set $webhook "authorization" (dict "type" "Bearer" "secretRef" (dict "name" $made.token "namespace" .Release.Namespace "key" $key)) -}}
{{- end -}}

{{- $versions := list $webhook .Values.hooks.revision $made.tokens.token -}}
{{- range $secrets }}{{ $versions = append $versions (lookup "v1" "Secret" (first .) (last .) | default dict).data }}{{ end -}}
{{- $_ := set $made "webhook" $webhook -}}
{{- $query := printf "release=%s" (include "object-syncer.tag" .) -}}
{{- if or $webhook .Values.hooks.revision }}{{ $query = printf "%s&config=%s" $query (toJson $versions | sha256sum | trunc 12) }}{{ end -}}
{{- $_ := set $made "query" $query -}}
{{- $_ := set .Values "connection" $made -}}
{{- end -}}
{{- end }}
