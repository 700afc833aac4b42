{{- define "object-syncer.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* As upstream: the release's name, with the chart's unless it is part of it. */}}
{{- define "object-syncer.fullname" -}}
{{- $name := include "object-syncer.name" . -}}
{{- $both := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{ .Values.fullnameOverride | default $both | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "object-syncer.selector" -}}
app.kubernetes.io/name: {{ include "object-syncer.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "object-syncer.labels" -}}
{{ include "object-syncer.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "object-syncer.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "object-syncer.fullname" .) "default") }}
{{- end }}

{{- /* An upstream values file names upstream's own image, which serves no hooks: then neither it nor its tag is meant. */}}
{{- define "object-syncer.upstreamImage" -}}
{{ if eq .Values.image.repository "rustrial/k8s-object-syncer" }}true{{ end }}
{{- end }}

{{- define "object-syncer.tag" -}}
{{ include "object-syncer.upstreamImage" . | eq "true" | ternary .Chart.AppVersion (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}

{{- define "object-syncer.image" -}}
{{ include "object-syncer.upstreamImage" . | eq "true" | ternary "object-syncer" .Values.image.repository }}:{{ include "object-syncer.tag" . }}
{{- end }}

{{- /* The first level in upstream's directives: "kube=warn,info" means info. */}}
{{- define "object-syncer.logLevel" -}}
{{- $level := "" -}}
{{- range splitList "," (.Values.logLevel | default "info") -}}
{{- $directive := trim . | lower -}}
{{- if and (not $level) $directive (not (contains "=" $directive)) }}{{ $level = $directive }}{{ end -}}
{{- end -}}
{{- $meaning := dict "trace" "debug" "debug" "debug" "info" "info" "warn" "warning" "warning" "warning" "error" "error" "off" "error" -}}
{{- $level = $level | default "info" -}}
{{- if not (hasKey $meaning $level) -}}
{{- fail (printf "logLevel: %q is no level; take debug, info, warning or error" $level) -}}
{{- end -}}
{{ get $meaning $level }}
{{- end }}

{{- /* Bytes of a Kubernetes quantity, as a whole number. */}}
{{- define "object-syncer.bytes" -}}
{{- $text := toString . -}}
{{- $number := regexFind "^[0-9.]+([eE][0-9]+)?" $text -}}
{{- $unit := trimPrefix $number $text -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "m" 0.001 -}}
{{- if or (not $number) (not (hasKey $units $unit)) -}}
{{- fail (printf "resources: %q is no amount of memory; write it as 512Mi" $text) -}}
{{- end -}}
{{ mulf (float64 $number) (float64 (get $units $unit)) | int64 }}
{{- end }}

{{- define "object-syncer.engineUser" -}}
{{- $account := .Values.metacontroller.serviceAccount -}}
{{ .Values.metacontroller.user | default (printf "system:serviceaccount:%s:%s" $account.namespace $account.name) }}
{{- end }}

{{- /* The SyncPolicies as {"name": spec}, as JSON. None of their lists is empty: permissions are made of them. */}}
{{- define "object-syncer.policies" -}}
{{- $policies := dict -}}
{{- if .Values.defaultPolicy -}}
{{- $default := pick .Values "watchNamespaces" "sourceNamespaces" "targetNamespaces" "allowedResources" "conflictPolicies" "transforms" "sourceConsent" -}}
{{- range $selector := list "sourceNamespaceSelector" "targetNamespaceSelector" -}}
{{- with get $.Values $selector }}{{ $_ := set $default $selector . }}{{ end -}}
{{- end -}}
{{- $_ := set $policies "default" $default -}}
{{- end -}}
{{- range $name, $policy := .Values.policies -}}
{{- if hasKey $policies $name -}}
{{- fail "policies.default: the lists at the top are the policy default; set defaultPolicy to false, or take another name" -}}
{{- end -}}
{{- $_ := set $policies $name $policy -}}
{{- end -}}
{{- if not $policies -}}
{{- fail "policies: there is none and defaultPolicy is false: nothing would ever be copied" -}}
{{- end -}}
{{- range $name, $policy := $policies -}}
{{- $where := and $.Values.defaultPolicy (eq $name "default") | ternary "" (printf "policies.%s." $name) -}}
{{- range $list := list "watchNamespaces" "sourceNamespaces" "targetNamespaces" -}}
{{- if not (get $policy $list) -}}
{{- fail (printf "%s%s: the list is missing or empty; name namespaces, or write [\"*\"] for all" $where $list) -}}
{{- end -}}
{{- end -}}
{{- if not $policy.allowedResources -}}
{{- fail (printf "%sallowedResources: the list is missing or empty; name resource types, or write [{apiGroups: [\"*\"], resources: [\"*\"]}] for all" $where) -}}
{{- end -}}
{{- range $index, $rule := $policy.allowedResources -}}
{{- range $list := list "apiGroups" "resources" -}}
{{- if not (get $rule $list) -}}
{{- fail (printf "%sallowedResources[%d].%s: the list is missing or empty; write [\"*\"] for all" $where $index $list) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ toJson $policies }}
{{- end }}

{{- /* "all" if a list of namespaces means all ("" or "*"), "some" if it has a pattern, "" if it has only names. */}}
{{- define "object-syncer.reach" -}}
{{- $reach := "" -}}
{{- range . -}}
{{- if has . (list "" "*") }}{{ $reach = "all" }}
{{- else if and (regexMatch "[*?]" .) (not $reach) }}{{ $reach = "some" }}
{{- end -}}
{{- end -}}
{{ $reach }}
{{- end }}

{{- /* Target namespaces of a policy as {"list": [...]}, as JSON: "." is any that is watched. */}}
{{- define "object-syncer.targets" -}}
{{- $targets := .targetNamespaces -}}
{{- if has "." $targets }}{{ $targets = concat (without $targets ".") .watchNamespaces }}{{ end -}}
{{ toJson (dict "list" $targets) }}
{{- end }}

{{- /* Whether allowedResources grant every resource of every group. */}}
{{- define "object-syncer.everything" -}}
{{- $everything := "" -}}
{{- range . -}}
{{- if and (has "*" .apiGroups) (has "*" .resources) }}{{ $everything = "true" }}{{ end -}}
{{- end -}}
{{ $everything }}
{{- end }}
