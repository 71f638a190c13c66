"""Chat templates written for these tests, one for each way in which models'
templates are built: their constructs, not their texts."""

from __future__ import annotations

ALTERNATE = "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}"
SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] %}{% set rest = messages[1:] %}"
    "{% else %}{% set system = false %}{% set rest = messages %}{% endif %}"
)

TEMPLATES: dict[str, str] = {
    "angle": "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}</s>\n{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}",
    "concatenated": "{% for message in messages %}{{ '<|start|>' + message['role'] + '\n' + message['content'] + '<|stop|>' + '\n' }}{% endfor %}",
    "instructions": "{{ bos_token }}"
    + SYSTEM
    + "{% for message in rest %}"
    + ALTERNATE
    + "{% if loop.index0 == 0 and system != false %}{% set content = '<<S>>\\n' + system + '\\n<</S>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ '[I] ' + content.strip() + ' [/I]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
    "headers": "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|h|>' + message['role'] + '<|/h|>\n\n'"
    " + message['content'] | trim + '<|eot|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|h|>assistant<|/h|>\n\n' }}{% endif %}",
    "dated": """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "1 Jan 2000" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|h|>system<|/h|>\n\nToday: " + date_string + "\n\n" }}
{%- if tools is not none and not tools_in_user_message %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\n\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|h|>' + message['role'] + '<|/h|>' + message['content'] | trim + '<|eot|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("one tool call at a time") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '{"name": "' + tool_call.name + '", "parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}<|eot|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|h|>assistant<|/h|>\n\n' }}
{%- endif %}
""",
    "arguments": "{% for m in messages %}{% if m.tool_calls is defined and m.tool_calls %}{% for c in m.tool_calls %}"
    "{% set f = c.function if c.function is defined else c %}{{ f.name }}({% for arg_name, arg_val in f.arguments | items %}"
    "{{ arg_name + '=' }}{{ arg_val if arg_val is string else arg_val | tojson }}{% if not loop.last %}, {% endif %}{% endfor %})"
    "{% endfor %}{% else %}{{ m.content }}{% endif %}{% endfor %}",
    "call ids": "{%- for message in messages %}{%- if message.tool_calls is defined and message.tool_calls is not none %}[CALLS] ["
    "{%- for tool_call in message.tool_calls %}{%- set out = tool_call.function|tojson %}{{- out[:-1] }}"
    "{%- if not tool_call.id is defined or tool_call.id|length != 9 %}{{- raise_exception('ids of 9 characters') }}{%- endif %}"
    "{{- ', \"id\": \"' + tool_call.id + '\"}' }}{%- if not loop.last %}{{- ', ' }}{%- else %}{{- ']' + eos_token }}{%- endif %}{%- endfor %}"
    "{%- elif message['role'] == 'assistant' %}{{- ' ' + message['content']|trim + eos_token }}{%- endif %}{%- endfor %}",
    "last user": "{%- set user_messages = messages | selectattr('role', 'equalto', 'user') | list %}{%- for message in messages %}"
    "{%- if message['role'] == 'user' %}{%- if tools is not none and message == user_messages[-1] %}[T] [{%- for tool in tools %}"
    "{%- set tool = tool.function %}{{- '{\"function\": {' }}{%- for key, val in tool.items() if key != 'return' %}{%- if val is string %}"
    "{{- '\"' + key + '\": \"' + val + '\"' }}{%- else %}{{- '\"' + key + '\": ' + val|tojson }}{%- endif %}{%- if not loop.last %}, {% endif %}"
    "{%- endfor %}{{- '}}' }}{%- endfor %}[/T]{%- endif %}[I] {{ message['content'] }}[/I]{%- endif %}{%- endfor %}",
    "alternate with namespace": "{%- set ns = namespace() %}{%- set ns.index = 0 %}{%- for message in messages %}"
    "{%- if not (message.role == 'tool' or message.role == 'system' or (message.tool_calls is defined and message.tool_calls is not none)) %}"
    "{%- if (message['role'] == 'user') != (ns.index % 2 == 0) %}{{- raise_exception('must alternate: ' ~ message.role ~ ns.index) }}{%- endif %}"
    "{%- set ns.index = ns.index + 1 %}{%- endif %}{%- endfor %}{{ ns.index }}",
    "hermes": """{%- macro json_to_python_type(json_spec) %}
{%- set basic_type_map = {"string": "str", "number": "float", "integer": "int", "boolean": "bool"} %}
{%- if basic_type_map[json_spec.type] is defined %}
{{- basic_type_map[json_spec.type] }}
{%- elif json_spec.type == "array" %}
{{- "list[" + json_to_python_type(json_spec|items) + "]" }}
{%- elif json_spec.type == "object" %}
{%- if json_spec.additionalProperties is defined %}
{{- "dict[str, " + json_to_python_type(json_spec.additionalProperties) + ']' }}
{%- else %}
{{- "dict" }}
{%- endif %}
{%- elif json_spec.type is iterable %}
{{- "Union[" }}
{%- for t in json_spec.type %}
{{- json_to_python_type({"type": t}) }}
{%- if not loop.last %}
{{- "," }}
{%- endif %}
{%- endfor %}
{{- "]" }}
{%- else %}
{{- "Any" }}
{%- endif %}
{%- endmacro %}
{%- if tools %}
{%- for tool in tools %}
{%- if tool.function is defined %}{%- set tool = tool.function %}{%- endif %}
{{- 'def ' + tool.name + '(' }}
{%- for param_name, param_fields in tool.parameters.properties|items %}
{{- param_name + ": " + json_to_python_type(param_fields) }}
{%- if not loop.last %}{{- ", " }}{%- endif %}
{%- endfor %}
{{- ")" }}
{%- if tool.return is defined %}{{- " -> " + json_to_python_type(tool.return) }}{%- endif %}
{{- " - " + tool.description + "\n\n" }}
{%- endfor %}
{%- endif %}
{%- for m in messages %}{{- m.role ~ ':' ~ m.content ~ '\n' }}{%- endfor %}""",
    "thinking": """{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}{%- set content = message.content %}{%- else %}{%- set content = '' %}{%- endif %}
    {%- if message.role == "user" or (message.role == "system" and not loop.first) %}
        {{- '<|s|>' + message.role + '\n' + content + '<|e|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set reasoning_content = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index and (loop.last or (not loop.last and reasoning_content)) %}
            {{- '<|s|>assistant\n<think>\n' + reasoning_content.strip('\n') + '\n</think>\n\n' + content.lstrip('\n') }}
        {%- else %}
            {{- '<|s|>assistant\n' + content }}
        {%- endif %}
        {{- '<|e|>\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}{{- '<|s|>user' }}{%- endif %}
        {{- '\n<tool_response>\n' + content + '\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}{{- '<|e|>\n' }}{%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|s|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}
{%- endif %}""",
    "turns": "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}"
    + ALTERNATE
    + "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}"
    "{% set role = message['role'] %}{% endif %}{{ '<t>' + role + '\n' + message['content'] | trim + '</t>\n' }}{% endfor %}",
    "parts": """{{ bos_token }}
{%- for message in messages -%}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' or 'image_url' in item -%}
                {{ '<img' ~ loop.index ~ '>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '</t>
' }}
{%- endfor -%}
""",
    "phi": "{% for message in messages %}{% if message['role'] == 'system' and 'tools' in message and message['tools'] is not none %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|tool|>' + message['tools'] + '<|/tool|>' + '<|end|>' }}{% else %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}"
    "{% else %}{{ eos_token }}{% endif %}",
    "seek": "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}"
    "{% set ns = namespace(is_first=false, is_tool=false, is_output_first=true, system_prompt='') %}{%- for message in messages %}"
    "{%- if message['role'] == 'system' %}{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}{{bos_token}}{{ns.system_prompt}}"
    "{%- for message in messages %}{%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<User>' + message['content']}}{%- endif %}"
    "{%- if message['role'] == 'assistant' and message['content'] is none %}{%- set ns.is_tool = false -%}{%- for tool in message['tool_calls']%}"
    "{%- if not ns.is_first %}{{'<calls>' + tool['function']['arguments']}}{%- set ns.is_first = true -%}{%- endif %}{%- endfor %}{%- endif %}"
    "{%- if message['role'] == 'assistant' and message['content'] is not none %}{% set content = message['content'] %}"
    "{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<Assistant>' + content + '<eos>'}}{%- endif %}"
    "{%- endfor -%}{% if ns.is_tool %}{{'<end>'}}{% endif %}{% if add_generation_prompt and not ns.is_tool %}{{'<Assistant>'}}{% endif %}",
    "documents": "{{ bos_token }}{% if documents %}# Documents\n{% for document in documents %}Document: {{ loop.index0 }}\n{% for key, value in document.items() %}"
    "{{ key|title }}: {{ value }}\n{% endfor %}{% endfor %}{% endif %}{% for message in messages %}{{ message.role|upper }}: {{ message.content|string|trim }}\n"
    "{% endfor %}",
    "python types": "{%- macro kind(spec) %}{% if spec['type'] == 'array' %}List[{{ kind(spec['items']) }}]{% elif spec['type'] is string %}"
    "{{ {'string': 'str', 'integer': 'int', 'number': 'float', 'boolean': 'bool', 'object': 'Dict'}.get(spec['type'], 'Any') }}"
    "{% else %}{{ spec['type']|join('|') if spec['type'] is defined else 'Any' }}{% endif %}{% endmacro -%}"
    "{% for tool in tools or [] %}{% set f = tool['function'] or tool %}def {{ f['name'] }}({% for name, spec in (f.get('parameters') or {}).get('properties', {}).items() %}"
    "{{ name }}: {{ kind(spec) }}{{ ', ' if not loop.last }}{% endfor %}): ...\n{% endfor %}{{ messages|length }}",
    "typescript": """{%- macro render(spec, required, depth) -%}
    {%- if spec.type == "array" -%}
        {%- if spec['items'] -%}{{ render(spec['items'], required, depth + 1) + "[]" }}{%- else -%}{{ "any[]" }}{%- endif -%}
    {%- elif spec.type is defined and spec.type is iterable and spec.type is not string and spec.type is not mapping and spec.type[0] is defined -%}
        {{- spec.type | join(" | ") }}
    {%- elif spec.oneOf or spec.anyOf -%}
        {%- for variant in spec.oneOf or spec.anyOf -%}
            {{- render(variant, required, depth + 1) }}
            {%- if not loop.last %}{{- " | " }}{% endif -%}
        {%- endfor -%}
        {%- if spec.nullable -%}{{ " | null" }}{%- endif -%}
    {%- elif spec.enum -%}
        {{- '"' + spec.enum|join('" | "') + '"' -}}
    {%- elif spec.type == "object" and spec.properties -%}
        {{- "{\n" }}
        {%- for name, inner in spec.properties.items() -%}
            {{- '  ' * depth ~ name -}}
            {%- if name not in (spec.required or []) %}{{- "?" }}{% endif -%}
            {{- ": " ~ render(inner, inner.required or [], depth + 1) ~ (",\n" if not loop.last else "\n") -}}
        {%- endfor -%}
        {{- "}" -}}
    {%- else -%}{{- spec.type or "any" -}}{%- endif -%}
{%- endmacro -%}
{%- for tool in tools or [] %}{%- set f = tool.function %}// {{ f.description }}
type {{ f.name }} = (_: {{ render(f.parameters, f.parameters.required or [], 1) }}) => any;
{% endfor %}{%- for message in messages if message.role != 'system' %}{{ message.role }}{{ loop.index }}/{{ loop.length }}{% endfor %}""",
    "channels": "{%- set today = strftime_now('%Y-%m-%d') %}{%- if not model_identity is defined %}{%- set model_identity = 'You are a model.' %}{%- endif %}"
    "{{- model_identity + '\\nDate: ' + today + '\\n' }}{%- set last = namespace(name=none) %}{%- for message in messages -%}"
    "{%- if message.role == 'assistant' -%}{%- if 'tool_calls' in message %}{%- set call = message.tool_calls[0] %}{%- if call.function %}"
    "{%- set call = call.function %}{%- endif %}{{- '<|start|>to=' + call.name + '<|json|>' + call.arguments|tojson + '<|call|>' }}"
    "{%- set last.name = call.name %}{%- elif loop.last and not add_generation_prompt %}{%- if 'thinking' in message %}"
    "{{- '<|analysis|>' + message.thinking }}{%- endif %}{{- '<|final|>' + message.content + '<|return|>' }}{%- else %}"
    "{{- '<|final|>' + message.content + '<|end|>' }}{%- endif %}{%- elif message.role == 'tool' -%}{%- if last.name is none %}"
    "{{- raise_exception('no tool call before it') }}{%- endif %}{{- last.name + ':' + message.content|tojson }}{%- else -%}"
    "{{- '<|start|>' + message.role + message.content }}{%- endif -%}{%- endfor -%}",
    "generation": "{% for m in messages %}{% if m.role == 'assistant' %}<a>{% generation %}{{ m.content }}<e>{% endgeneration %}\n"
    "{% else %}<{{ m.role }}>{{ m.content }}<e>\n{% endif %}{% endfor %}{% if add_generation_prompt %}<a>{% endif %}",
    "generation trimmed": "{%- for m in messages %}\n  {%- if m.role == 'assistant' %}\n    {{- '<a>' }}\n    {%- generation -%}\n"
    "    {%- set text = m.content|trim %}\n    {{- text }}\n    {%- for c in m.tool_calls or [] %}\n      {{- c|tojson }}\n    {%- endfor %}\n"
    "    {{- '<e>' }}\n    {%- endgeneration %}\n  {%- else %}\n    {{- m.content }}\n  {%- endif %}\n{%- endfor %}",
    "generation in macro": "{% macro say(m) %}<{{ m.role }}>{% generation %}{{ m.content }}{% endgeneration %}{% endmacro %}"
    "{% for m in messages %}{{ say(m) }}{% endfor %}",
    "generation nested": "{% for m in messages %}{% generation %}{{ m.role }}{% generation %}{{ m.content }}{% endgeneration %}{% endgeneration %}{% endfor %}",
    "generation with loop": "{% for m in messages %}{% generation %}{{ loop.index }}{% if not loop.last %},{% endif %}{% endgeneration +%}\n{% endfor %}",
    "break": "{% for m in messages %}{% if m.role == 'tool' %}{% break %}{% endif %}{% if not m.content %}{% continue %}{% endif %}{{ m.content }}|"
    "{% else %}nothing{% endfor %}",
    "set block": "{% for m in messages %}{% set body %}  {{ m.content }} {% endset %}{% set loud | upper | trim %}{{ body }}{% endset %}[{{ body }}][{{ loud }}]{% endfor %}",
    "call block": "{% macro box(title) %}<{{ title }}>{{ caller(title|length) }}</{{ title }}>{% endmacro %}"
    "{% for m in messages %}{% call(n) box(m.role) %}{{ n }}:{{ m.content }}{% endcall %}{% endfor %}",
    "filter block": "{% filter replace('a', 'A')|trim %}{% for m in messages %}{{ m.content }} {% endfor %}{% endfilter %}",
    "with": "{% for m in messages %}{% with role = m.role, text = m.content|default('-', true) %}{{ role }}={{ text }};{% endwith %}{% endfor %}{{ role is defined }}",
    "groups": "{% set ns = namespace(previous='') %}{% for m in messages %}{% if m.role != ns.previous %}{{ '\n' if not loop.first }}{{ m.role }}: {% endif %}"
    "{{ m.content }}{% set ns.previous = m.role %}{% endfor %}",
    "neighbours": "{% for m in messages %}{% if loop.previtem is defined and loop.previtem.role == m.role %}={% endif %}{{ m.role }}"
    "{% if loop.nextitem is defined %}>{{ loop.nextitem.role }}{% endif %}{{ loop.revindex0 }}{{ loop.cycle('a', 'b') }}{{ loop.changed(m.role) }};{% endfor %}",
    "counts": "{% set users = messages|selectattr('role', 'equalto', 'user')|list %}{{ users|length }}/{{ messages|rejectattr('role', 'in', ['user', 'system'])|list|length }}"
    "{{ messages|map(attribute='role')|unique|sort|join(',') }}{{ (messages|map(attribute='content')|select('string')|map('length')|sum) }}"
    "{{ messages|map(attribute='role')|list|last }}{% if messages|selectattr('role', 'eq', 'nobody') %}a generator is true{% endif %}",
    "printed values": "{% for m in messages %}{{ m }}{{ m.content }}{{ m.tool_calls }}{{ m.content ~ none ~ true ~ 1.5 }}\n{% endfor %}{{ tools }}{{ documents }}",
    "json": "{{ messages|tojson }}{{ tools|tojson(indent=2) }}{{ documents|tojson(ensure_ascii=true, separators=(',', ':'), sort_keys=true) }}"
    "{% for m in messages %}{{ m|tojson(indent='\t') }}{% endfor %}",
    "xml": '{% for tool in tools or [] %}{% set f = tool.function if tool.function is defined else tool %}<function name="{{ f.name }}">'
    "{% for key in f.keys()|list|sort if key not in ['name'] %}{% if f[key] is mapping or (f[key] is sequence and f[key] is not string) %}"
    "<{{ key }}>{{ f[key]|tojson|safe }}</{{ key }}>{% else %}<{{ key }}>{{ f[key]|string }}</{{ key }}>{% endif %}{% endfor %}</function>\n{% endfor %}"
    "{% for m in messages %}{{ m.content|e }}{% endfor %}",
    "strings": "{% for m in messages %}{% if m.content is string %}{% set c = m.content %}{{ c.splitlines() }}{{ c.split() }}{{ c.split('\n', 1)[0] }}{{ c.title() }}{{ c|title }}"
    "{{ c.capitalize() }}{{ c.upper() }}{{ c|lower }}{{ c.find('o') }}{{ c.rfind('e') }}{{ c.count('l') }}{{ c.replace('e', 'E', 1) }}{{ c.isdigit() }}"
    "{{ c[:5] }}{{ c[::-1] }}{{ c[-3:] }}{{ c|length }}{{ c.partition(' ') }}{{ c|indent(2, true) }}{{ c.center(12, '*') }}{{ c|wordcount }}{{ '%s|%10.3s|%r' % (c, c, c) }}"
    "{{ '{0} {x!r:>8}'.format(c, x=c[:2]) }}{% endif %}{% endfor %}",
    "numbers": "{% for m in messages %}{{ loop.index / 2 }}{{ loop.index // 2 }}{{ -loop.index % 3 }}{{ 2 ** loop.index }}{{ 1e15 * loop.index }}{{ 1e16 * loop.index }}"
    "{{ (loop.index / 3)|round(2) }}{{ '%.2f' % (loop.index / 7) }}{{ '%05d' % loop.index }}{{ loop.index is odd }}{{ (loop.index ~ '7')|int + 1 }}{{ 'x'|int(3) }}{{ '2.5'|float }};{% endfor %}",
    "recursive": "{% for item in [{'n': 1, 'c': [{'n': 2, 'c': [{'n': 3}]}, {'n': 4}]}] recursive %}{{ loop.depth }}{{ item.n }}{% if item.c %}[{{ loop(item.c) }}]{% endif %}{% endfor %}{{ messages|length }}",
    "methods and items": "{% for m in messages %}{% for k, v in m.items() %}{{ k }}:{{ v is string }},{% endfor %}{{ m.keys()|list }}{{ m.get('nothing') }}{{ m.get('role', 1) }}"
    "{{ 'content' in m }}{{ m['items'] is defined }}{{ m.items is defined }}{{ m.items is callable }}{% endfor %}",
    "shadowed": "{% set content %}{{ content }}{{ bos_token }}{% endset %}{{ content }}{% for m in messages %}{% if m.content %}{% set eos_token = '!' %}{% endif %}{{ m.content }}{{ eos_token }}{% endfor %}{{ eos_token }}",
    "spread": "{% macro show(a, b='-', c=b) %}{{ a }}{{ b }}{{ c }}{{ varargs }}{{ kwargs }}{% endmacro %}{% for m in messages %}{{ show(*[m.role, m.content]) }}"
    "{{ show(**{'a': m.role}) }}{{ show(m.role, 1, 2, 3, x=4) }}{% endfor %}",
    "white space": "{% for m in messages %}  \n  {%- if true %} a {% endif -%}  \n  b\n  {%+ if true %} c {%+ endif %}\n\t{# gone #}\n d {#- gone -#} e\n"
    "  {{ m.role }}\n\n{% raw %}  {{ kept }} {% if %} {% endraw %}\n{%- raw -%}  x  {%- endraw -%}  \n{% endfor %}\n\n",
    "raises": "{% for m in messages %}{% if m.role not in ['system', 'user', 'assistant', 'tool'] %}{{ raise_exception('unknown role: ' ~ m.role) }}{% endif %}{{ m.content }}{% endfor %}",
    "missing": "{% for m in messages %}{{ m.nothing }}{{ m['nothing'] }}{{ m.nothing is defined }}{{ m.nothing or 'else' }}{{ m.nothing|default('d') }}{{ m.name if m.name }}"
    "{% for x in m.nothing %}x{% endfor %}{{ m.nothing|length }}{{ undefined_name }}{% endfor %}{{ messages[99] }}{{ messages[0].content.nothing }}",
}
