// Made from manifest.schema.json by generate.mjs (npm run generate). Do not edit.
var W=(r,i)=>()=>{try{return i||r((i={exports:{}}).exports,i),i.exports}catch(N){throw i=0,N}};var M=W(I=>{"use strict";Object.defineProperty(I,"__esModule",{value:!0});function B(r){let i=r.length,N=0,_=0,
y;for(;_<i;)N++,y=r.charCodeAt(_++),y>=55296&&y<=56319&&_<i&&(y=r.charCodeAt(_),(y&64512)===56320&&_++);return N}
I.default=B;B.code='require("ajv/dist/runtime/ucs2length").default'});var te=h,se=h,Z={$schema:"http://json-schema.org/draft-07/schema#",title:"Manifest",description:"The manifest \
of a bundle: docs/BUNDLE.md. Source of manifest.generated.ts and validate-manifest.generated.js.",type:"object",
additionalProperties:!1,required:["formatVersion","abiVersion","fleet","revision","memoryBytes","sections","ru\
les","policies","backends","sets","witnesses"],properties:{formatVersion:{const:1,description:"Version of the \
file format."},abiVersion:{type:"integer",minimum:1,description:"ABI_VERSION of bpf/shared.h."},fleet:{$ref:"#\
/definitions/ManifestFleet"},revision:{description:"Digest of the policy sources and feeds that the bundle was\
 compiled from.",type:"string",pattern:"^sha256:[0-9a-f]{64}$"},memoryBytes:{description:"Kernel memory that t\
he tables take, in bytes.",type:"integer",minimum:0,maximum:9007199254740991},sections:{description:"In the or\
der of the file.",type:"array",minItems:1,maxItems:64,items:{$ref:"#/definitions/ManifestSection"}},rules:{description:"\
Management flows, then the fleet's rules from top to bottom.",type:"array",maxItems:4096,items:{$ref:"#/defini\
tions/ManifestRule"}},policies:{type:"array",items:{$ref:"#/definitions/ManifestPolicy"}},backends:{type:"arra\
y",maxItems:256,items:{$ref:"#/definitions/ManifestBackend"}},sets:{type:"array",items:{$ref:"#/definitions/Ma\
nifestSet"}},witnesses:{type:"array",items:{$ref:"#/definitions/Witness"}}},definitions:{ManifestFleet:{type:"\
object",additionalProperties:!1,required:["name","interfaces","attach","defaultVerdict"],properties:{name:{type:"\
string",minLength:1},interfaces:{type:"array",items:{type:"string",minLength:1}},attach:{enum:["native","gener\
ic"]},defaultVerdict:{enum:["pass","drop"]}}},ManifestSection:{description:"The memory image of one map; `conf\
ig` is the policy's part of .rodata.",type:"object",additionalProperties:!1,required:["name","offset","length",
"entryBytes","entries","sha256"],properties:{name:{enum:["config","rules","fields","vectors","source4_hosts","\
source4_nets","source4_root","source4_ranges","source6_hosts","source6_nets","source6_root","source6_ranges","\
destination4_hosts","destination4_nets","destination4_root","destination4_ranges","destination6_hosts","destin\
ation6_nets","destination6_root","destination6_ranges"]},offset:{description:"Byte of the file where it begins\
, a multiple of 4,096.",type:"integer",minimum:4096,maximum:9007199254740991},length:{description:"Bytes, with\
out padding.",type:"integer",minimum:1,maximum:9007199254740991},entryBytes:{description:"Value size of the ma\
p.",type:"integer",minimum:1},entries:{description:"max_entries of the map.",type:"integer",minimum:1},sha256:{
type:"string",pattern:"^[0-9a-f]{64}$"}}},ManifestRule:{type:"object",additionalProperties:!1,required:["index",
"id","stableId","policy","name","action","shadow","backend","location","limit"],properties:{index:{description:"\
Its bit in the vectors and its line in `rules`.",type:"integer",minimum:0,maximum:4095},id:{description:"`<pol\
icy>/<rule>`.",type:"string",minLength:1},stableId:{description:"`id` of struct rule, 16 hex digits.",type:"st\
ring",pattern:"^[0-9a-f]{16}$"},policy:{type:"string",minLength:1},name:{type:"string",minLength:1},action:{enum:[
"pass","drop","limit"]},shadow:{type:"boolean"},backend:{type:["string","null"],description:"Name of a backend\
."},location:{$ref:"#/definitions/ManifestLocation"},limit:{description:"null where the action is not `limit`.",
anyOf:[{$ref:"#/definitions/ManifestLimit"},{type:"null"}]}}},ManifestLocation:{description:"The policy line t\
hat made it. Line and column count from 1.",type:"object",additionalProperties:!1,required:["file","line","col\
umn"],properties:{file:{type:"string"},line:{type:"integer",minimum:1},column:{type:"integer",minimum:1}}},ManifestLimit:{
type:"object",additionalProperties:!1,required:["unit","ratePerSecond","burst","key","prefix4","prefix6","bloc\
kForSeconds"],properties:{unit:{enum:["packets","bytes"]},ratePerSecond:{type:"number",exclusiveMinimum:0},burst:{
description:"In units.",type:"number",minimum:0},key:{enum:["rule","source","destination","source-port","desti\
nation-port"]},prefix4:{type:"integer",minimum:0,maximum:32},prefix6:{type:"integer",minimum:0,maximum:128},blockForSeconds:{
type:["number","null"],minimum:0}}},ManifestPolicy:{type:"object",additionalProperties:!1,required:["name","ow\
ners","backend"],properties:{name:{type:"string",minLength:1},owners:{type:"array",items:{type:"string"}},backend:{
type:["string","null"]}}},ManifestBackend:{type:"object",additionalProperties:!1,required:["name","listen","pr\
otocols","origins"],properties:{name:{type:"string",minLength:1},listen:{type:"array",items:{type:"string"}},protocols:{
type:"array",items:{enum:["tcp","udp"]}},origins:{type:"array",items:{type:"string"}}}},ManifestSet:{type:"obj\
ect",additionalProperties:!1,required:["name","scope","prefixes4","prefixes6","sha256","feed"],properties:{name:{
type:"string",minLength:1},scope:{description:"The policy, or `fleet:<name>`.",type:"string",minLength:1},prefixes4:{
description:"The fewest IPv4 prefixes that cover it.",type:"integer",minimum:0},prefixes6:{description:"The fe\
west IPv6 prefixes that cover it.",type:"integer",minimum:0},sha256:{description:"Over its ranges in order, fi\
rst and last address big-endian: IPv4 in 4 bytes each, then IPv6 in 16.",type:"string",pattern:"^[0-9a-f]{64}$"},
feed:{description:"Path of the feed file.",type:["string","null"]}}},Witness:{description:"Packets that must g\
et the verdict and rule given; the steps run in order on state that is empty before.",type:"object",additionalProperties:!1,
required:["name","rule","steps"],properties:{name:{type:"string",minLength:1},rule:{description:"The rule that\
 it witnesses.",type:["string","null"]},steps:{type:"array",minItems:1,items:{$ref:"#/definitions/WitnessStep"}}}},
WitnessStep:{type:"object",additionalProperties:!1,required:["packet","atNs","repeat","verdict","rule","reason"],
properties:{packet:{description:"The frame from the destination MAC on, base64. 14 bytes at least: BPF_PROG_TE\
ST_RUN takes no less.",type:"string",minLength:20,maxLength:87400,pattern:"^[A-Za-z0-9+/]+={0,2}$"},atNs:{description:"\
Time in nanoseconds, a u64.",type:"string",pattern:"^(0|[1-9][0-9]{0,19})$"},repeat:{description:"How often th\
e packet runs; the expectation holds for the last.",type:"integer",minimum:1,maximum:4294967295},verdict:{enum:[
"pass","drop"]},rule:{description:"The deciding rule's id.",type:["string","null"]},reason:{enum:["default","r\
ule","limit","block","management","arp","neighbour-discovery","dhcp","other-ethertype","truncated-ethernet","t\
runcated-vlan","too-many-vlan-tags","truncated-ip","bad-ip-version","bad-ihl","bad-total-length","truncated-ex\
tension","too-many-extensions","bad-fragment","tiny-fragment","truncated-l4","bad-tcp-offset","bad-udp-length"]}}}}},
R=Object.prototype.hasOwnProperty,E={type:"object",additionalProperties:!1,required:["name","interfaces","atta\
ch","defaultVerdict"],properties:{name:{type:"string",minLength:1},interfaces:{type:"array",items:{type:"strin\
g",minLength:1}},attach:{enum:["native","generic"]},defaultVerdict:{enum:["pass","drop"]}}},F=M().default;function j(r,{
instancePath:i="",parentData:N,parentDataProperty:_,rootData:y=r}={}){let o=null,e=0;if(e===0)if(r&&typeof r==
"object"&&!Array.isArray(r)){let f;if(r.name===void 0&&(f="name")||r.interfaces===void 0&&(f="interfaces")||r.
attach===void 0&&(f="attach")||r.defaultVerdict===void 0&&(f="defaultVerdict"))return j.errors=[{instancePath:i,
schemaPath:"#/required",keyword:"required",params:{missingProperty:f},message:"must have required property '"+
f+"'"}],!1;{let t=e;for(let a in r)if(!(a==="name"||a==="interfaces"||a==="attach"||a==="defaultVerdict")){return j.
errors=[{instancePath:i,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:a},
message:"must NOT have additional properties"}],!1;break}if(t===e){if(r.name!==void 0){let a=r.name,p=e;if(e===
p)if(typeof a=="string"){if(F(a)<1)return j.errors=[{instancePath:i+"/name",schemaPath:"#/properties/name/minL\
ength",keyword:"minLength",params:{limit:1},message:"must NOT have fewer than 1 characters"}],!1}else return j.
errors=[{instancePath:i+"/name",schemaPath:"#/properties/name/type",keyword:"type",params:{type:"string"},message:"\
must be string"}],!1;var s=p===e}else var s=!0;if(s){if(r.interfaces!==void 0){let a=r.interfaces,p=e;if(e===p)
if(Array.isArray(a)){var m=!0;let u=a.length;for(let b=0;b<u;b++){let n=a[b],l=e;if(e===l)if(typeof n=="string"){
if(F(n)<1)return j.errors=[{instancePath:i+"/interfaces/"+b,schemaPath:"#/properties/interfaces/items/minLengt\
h",keyword:"minLength",params:{limit:1},message:"must NOT have fewer than 1 characters"}],!1}else return j.errors=
[{instancePath:i+"/interfaces/"+b,schemaPath:"#/properties/interfaces/items/type",keyword:"type",params:{type:"\
string"},message:"must be string"}],!1;var m=l===e;if(!m)break}}else return j.errors=[{instancePath:i+"/interf\
aces",schemaPath:"#/properties/interfaces/type",keyword:"type",params:{type:"array"},message:"must be array"}],
!1;var s=p===e}else var s=!0;if(s){if(r.attach!==void 0){let a=r.attach,p=e;if(!(a==="native"||a==="generic"))
return j.errors=[{instancePath:i+"/attach",schemaPath:"#/properties/attach/enum",keyword:"enum",params:{allowedValues:E.
properties.attach.enum},message:"must be equal to one of the allowed values"}],!1;var s=p===e}else var s=!0;if(s)
if(r.defaultVerdict!==void 0){let a=r.defaultVerdict,p=e;if(!(a==="pass"||a==="drop"))return j.errors=[{instancePath:i+
"/defaultVerdict",schemaPath:"#/properties/defaultVerdict/enum",keyword:"enum",params:{allowedValues:E.properties.
defaultVerdict.enum},message:"must be equal to one of the allowed values"}],!1;var s=p===e}else var s=!0}}}}}else
return j.errors=[{instancePath:i,schemaPath:"#/type",keyword:"type",params:{type:"object"},message:"must be ob\
ject"}],!1;return j.errors=o,e===0}var C={description:"The memory image of one map; `config` is the policy's p\
art of .rodata.",type:"object",additionalProperties:!1,required:["name","offset","length","entryBytes","entrie\
s","sha256"],properties:{name:{enum:["config","rules","fields","vectors","source4_hosts","source4_nets","sourc\
e4_root","source4_ranges","source6_hosts","source6_nets","source6_root","source6_ranges","destination4_hosts",
"destination4_nets","destination4_root","destination4_ranges","destination6_hosts","destination6_nets","destin\
ation6_root","destination6_ranges"]},offset:{description:"Byte of the file where it begins, a multiple of 4,09\
6.",type:"integer",minimum:4096,maximum:9007199254740991},length:{description:"Bytes, without padding.",type:"\
integer",minimum:1,maximum:9007199254740991},entryBytes:{description:"Value size of the map.",type:"integer",minimum:1},
entries:{description:"max_entries of the map.",type:"integer",minimum:1},sha256:{type:"string",pattern:"^[0-9a\
-f]{64}$"}}},z=new RegExp("^[0-9a-f]{64}$","u");function k(r,{instancePath:i="",parentData:N,parentDataProperty:_,
rootData:y=r}={}){let o=null,e=0;if(e===0)if(r&&typeof r=="object"&&!Array.isArray(r)){let m;if(r.name===void 0&&
(m="name")||r.offset===void 0&&(m="offset")||r.length===void 0&&(m="length")||r.entryBytes===void 0&&(m="entry\
Bytes")||r.entries===void 0&&(m="entries")||r.sha256===void 0&&(m="sha256"))return k.errors=[{instancePath:i,schemaPath:"\
#/required",keyword:"required",params:{missingProperty:m},message:"must have required property '"+m+"'"}],!1;{
let f=e;for(let t in r)if(!(t==="name"||t==="offset"||t==="length"||t==="entryBytes"||t==="entries"||t==="sha2\
56")){return k.errors=[{instancePath:i,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{
additionalProperty:t},message:"must NOT have additional properties"}],!1;break}if(f===e){if(r.name!==void 0){let t=r.
name,a=e;if(!(t==="config"||t==="rules"||t==="fields"||t==="vectors"||t==="source4_hosts"||t==="source4_nets"||
t==="source4_root"||t==="source4_ranges"||t==="source6_hosts"||t==="source6_nets"||t==="source6_root"||t==="so\
urce6_ranges"||t==="destination4_hosts"||t==="destination4_nets"||t==="destination4_root"||t==="destination4_r\
anges"||t==="destination6_hosts"||t==="destination6_nets"||t==="destination6_root"||t==="destination6_ranges"))
return k.errors=[{instancePath:i+"/name",schemaPath:"#/properties/name/enum",keyword:"enum",params:{allowedValues:C.
properties.name.enum},message:"must be equal to one of the allowed values"}],!1;var s=a===e}else var s=!0;if(s){
if(r.offset!==void 0){let t=r.offset,a=e;if(!(typeof t=="number"&&!(t%1)&&!isNaN(t)&&isFinite(t)))return k.errors=
[{instancePath:i+"/offset",schemaPath:"#/properties/offset/type",keyword:"type",params:{type:"integer"},message:"\
must be integer"}],!1;if(e===a&&typeof t=="number"&&isFinite(t)){if(t>9007199254740991||isNaN(t))return k.errors=
[{instancePath:i+"/offset",schemaPath:"#/properties/offset/maximum",keyword:"maximum",params:{comparison:"<=",
limit:9007199254740991},message:"must be <= 9007199254740991"}],!1;if(t<4096||isNaN(t))return k.errors=[{instancePath:i+
"/offset",schemaPath:"#/properties/offset/minimum",keyword:"minimum",params:{comparison:">=",limit:4096},message:"\
must be >= 4096"}],!1}var s=a===e}else var s=!0;if(s){if(r.length!==void 0){let t=r.length,a=e;if(!(typeof t==
"number"&&!(t%1)&&!isNaN(t)&&isFinite(t)))return k.errors=[{instancePath:i+"/length",schemaPath:"#/properties/\
length/type",keyword:"type",params:{type:"integer"},message:"must be integer"}],!1;if(e===a&&typeof t=="number"&&
isFinite(t)){if(t>9007199254740991||isNaN(t))return k.errors=[{instancePath:i+"/length",schemaPath:"#/properti\
es/length/maximum",keyword:"maximum",params:{comparison:"<=",limit:9007199254740991},message:"must be <= 90071\
99254740991"}],!1;if(t<1||isNaN(t))return k.errors=[{instancePath:i+"/length",schemaPath:"#/properties/length/\
minimum",keyword:"minimum",params:{comparison:">=",limit:1},message:"must be >= 1"}],!1}var s=a===e}else var s=!0;
if(s){if(r.entryBytes!==void 0){let t=r.entryBytes,a=e;if(!(typeof t=="number"&&!(t%1)&&!isNaN(t)&&isFinite(t)))
return k.errors=[{instancePath:i+"/entryBytes",schemaPath:"#/properties/entryBytes/type",keyword:"type",params:{
type:"integer"},message:"must be integer"}],!1;if(e===a&&typeof t=="number"&&isFinite(t)&&(t<1||isNaN(t)))return k.
errors=[{instancePath:i+"/entryBytes",schemaPath:"#/properties/entryBytes/minimum",keyword:"minimum",params:{comparison:"\
>=",limit:1},message:"must be >= 1"}],!1;var s=a===e}else var s=!0;if(s){if(r.entries!==void 0){let t=r.entries,
a=e;if(!(typeof t=="number"&&!(t%1)&&!isNaN(t)&&isFinite(t)))return k.errors=[{instancePath:i+"/entries",schemaPath:"\
#/properties/entries/type",keyword:"type",params:{type:"integer"},message:"must be integer"}],!1;if(e===a&&typeof t==
"number"&&isFinite(t)&&(t<1||isNaN(t)))return k.errors=[{instancePath:i+"/entries",schemaPath:"#/properties/en\
tries/minimum",keyword:"minimum",params:{comparison:">=",limit:1},message:"must be >= 1"}],!1;var s=a===e}else
var s=!0;if(s)if(r.sha256!==void 0){let t=r.sha256,a=e;if(e===a)if(typeof t=="string"){if(!z.test(t))return k.
errors=[{instancePath:i+"/sha256",schemaPath:"#/properties/sha256/pattern",keyword:"pattern",params:{pattern:"\
^[0-9a-f]{64}$"},message:'must match pattern "^[0-9a-f]{64}$"'}],!1}else return k.errors=[{instancePath:i+"/sh\
a256",schemaPath:"#/properties/sha256/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;
var s=a===e}else var s=!0}}}}}}}else return k.errors=[{instancePath:i,schemaPath:"#/type",keyword:"type",params:{
type:"object"},message:"must be object"}],!1;return k.errors=o,e===0}var O={type:"object",additionalProperties:!1,
required:["index","id","stableId","policy","name","action","shadow","backend","location","limit"],properties:{
index:{description:"Its bit in the vectors and its line in `rules`.",type:"integer",minimum:0,maximum:4095},id:{
description:"`<policy>/<rule>`.",type:"string",minLength:1},stableId:{description:"`id` of struct rule, 16 hex\
 digits.",type:"string",pattern:"^[0-9a-f]{16}$"},policy:{type:"string",minLength:1},name:{type:"string",minLength:1},
action:{enum:["pass","drop","limit"]},shadow:{type:"boolean"},backend:{type:["string","null"],description:"Nam\
e of a backend."},location:{$ref:"#/definitions/ManifestLocation"},limit:{description:"null where the action i\
s not `limit`.",anyOf:[{$ref:"#/definitions/ManifestLimit"},{type:"null"}]}}},U=new RegExp("^[0-9a-f]{16}$","u");function L(r,{instancePath:i="",parentData:N,parentDataProperty:_,rootData:y=r}={}){let o=null,e=0;if(e===0)if(r&&
typeof r=="object"&&!Array.isArray(r)){let m;if(r.file===void 0&&(m="file")||r.line===void 0&&(m="line")||r.column===
void 0&&(m="column"))return L.errors=[{instancePath:i,schemaPath:"#/required",keyword:"required",params:{missingProperty:m},
message:"must have required property '"+m+"'"}],!1;{let f=e;for(let t in r)if(!(t==="file"||t==="line"||t==="c\
olumn")){return L.errors=[{instancePath:i,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{
additionalProperty:t},message:"must NOT have additional properties"}],!1;break}if(f===e){if(r.file!==void 0){let t=e;
if(typeof r.file!="string")return L.errors=[{instancePath:i+"/file",schemaPath:"#/properties/file/type",keyword:"\
type",params:{type:"string"},message:"must be string"}],!1;var s=t===e}else var s=!0;if(s){if(r.line!==void 0){
let t=r.line,a=e;if(!(typeof t=="number"&&!(t%1)&&!isNaN(t)&&isFinite(t)))return L.errors=[{instancePath:i+"/l\
ine",schemaPath:"#/properties/line/type",keyword:"type",params:{type:"integer"},message:"must be integer"}],!1;
if(e===a&&typeof t=="number"&&isFinite(t)&&(t<1||isNaN(t)))return L.errors=[{instancePath:i+"/line",schemaPath:"\
#/properties/line/minimum",keyword:"minimum",params:{comparison:">=",limit:1},message:"must be >= 1"}],!1;var s=a===
e}else var s=!0;if(s)if(r.column!==void 0){let t=r.column,a=e;if(!(typeof t=="number"&&!(t%1)&&!isNaN(t)&&isFinite(
t)))return L.errors=[{instancePath:i+"/column",schemaPath:"#/properties/column/type",keyword:"type",params:{type:"\
integer"},message:"must be integer"}],!1;if(e===a&&typeof t=="number"&&isFinite(t)&&(t<1||isNaN(t)))return L.errors=
[{instancePath:i+"/column",schemaPath:"#/properties/column/minimum",keyword:"minimum",params:{comparison:">=",
limit:1},message:"must be >= 1"}],!1;var s=a===e}else var s=!0}}}}else return L.errors=[{instancePath:i,schemaPath:"\
#/type",keyword:"type",params:{type:"object"},message:"must be object"}],!1;return L.errors=o,e===0}var $={type:"\
object",additionalProperties:!1,required:["unit","ratePerSecond","burst","key","prefix4","prefix6","blockForSe\
conds"],properties:{unit:{enum:["packets","bytes"]},ratePerSecond:{type:"number",exclusiveMinimum:0},burst:{description:"\
In units.",type:"number",minimum:0},key:{enum:["rule","source","destination","source-port","destination-port"]},
prefix4:{type:"integer",minimum:0,maximum:32},prefix6:{type:"integer",minimum:0,maximum:128},blockForSeconds:{
type:["number","null"],minimum:0}}};function v(r,{instancePath:i="",parentData:N,parentDataProperty:_,rootData:y=r}={}){
let o=null,e=0;if(e===0)if(r&&typeof r=="object"&&!Array.isArray(r)){let m;if(r.unit===void 0&&(m="unit")||r.ratePerSecond===
void 0&&(m="ratePerSecond")||r.burst===void 0&&(m="burst")||r.key===void 0&&(m="key")||r.prefix4===void 0&&(m=
"prefix4")||r.prefix6===void 0&&(m="prefix6")||r.blockForSeconds===void 0&&(m="blockForSeconds"))return v.errors=
[{instancePath:i,schemaPath:"#/required",keyword:"required",params:{missingProperty:m},message:"must have requ\
ired property '"+m+"'"}],!1;{let f=e;for(let t in r)if(!(t==="unit"||t==="ratePerSecond"||t==="burst"||t==="ke\
y"||t==="prefix4"||t==="prefix6"||t==="blockForSeconds")){return v.errors=[{instancePath:i,schemaPath:"#/addit\
ionalProperties",keyword:"additionalProperties",params:{additionalProperty:t},message:"must NOT have additiona\
l properties"}],!1;break}if(f===e){if(r.unit!==void 0){let t=r.unit,a=e;if(!(t==="packets"||t==="bytes"))return v.
errors=[{instancePath:i+"/unit",schemaPath:"#/properties/unit/enum",keyword:"enum",params:{allowedValues:$.properties.
unit.enum},message:"must be equal to one of the allowed values"}],!1;var s=a===e}else var s=!0;if(s){if(r.ratePerSecond!==
void 0){let t=r.ratePerSecond,a=e;if(e===a)if(typeof t=="number"&&isFinite(t)){if(t<=0||isNaN(t))return v.errors=
[{instancePath:i+"/ratePerSecond",schemaPath:"#/properties/ratePerSecond/exclusiveMinimum",keyword:"exclusiveM\
inimum",params:{comparison:">",limit:0},message:"must be > 0"}],!1}else return v.errors=[{instancePath:i+"/rat\
ePerSecond",schemaPath:"#/properties/ratePerSecond/type",keyword:"type",params:{type:"number"},message:"must b\
e number"}],!1;var s=a===e}else var s=!0;if(s){if(r.burst!==void 0){let t=r.burst,a=e;if(e===a)if(typeof t=="n\
umber"&&isFinite(t)){if(t<0||isNaN(t))return v.errors=[{instancePath:i+"/burst",schemaPath:"#/properties/burst\
/minimum",keyword:"minimum",params:{comparison:">=",limit:0},message:"must be >= 0"}],!1}else return v.errors=
[{instancePath:i+"/burst",schemaPath:"#/properties/burst/type",keyword:"type",params:{type:"number"},message:"\
must be number"}],!1;var s=a===e}else var s=!0;if(s){if(r.key!==void 0){let t=r.key,a=e;if(!(t==="rule"||t==="\
source"||t==="destination"||t==="source-port"||t==="destination-port"))return v.errors=[{instancePath:i+"/key",
schemaPath:"#/properties/key/enum",keyword:"enum",params:{allowedValues:$.properties.key.enum},message:"must b\
e equal to one of the allowed values"}],!1;var s=a===e}else var s=!0;if(s){if(r.prefix4!==void 0){let t=r.prefix4,
a=e;if(!(typeof t=="number"&&!(t%1)&&!isNaN(t)&&isFinite(t)))return v.errors=[{instancePath:i+"/prefix4",schemaPath:"\
#/properties/prefix4/type",keyword:"type",params:{type:"integer"},message:"must be integer"}],!1;if(e===a&&typeof t==
"number"&&isFinite(t)){if(t>32||isNaN(t))return v.errors=[{instancePath:i+"/prefix4",schemaPath:"#/properties/\
prefix4/maximum",keyword:"maximum",params:{comparison:"<=",limit:32},message:"must be <= 32"}],!1;if(t<0||isNaN(
t))return v.errors=[{instancePath:i+"/prefix4",schemaPath:"#/properties/prefix4/minimum",keyword:"minimum",params:{
comparison:">=",limit:0},message:"must be >= 0"}],!1}var s=a===e}else var s=!0;if(s){if(r.prefix6!==void 0){let t=r.
prefix6,a=e;if(!(typeof t=="number"&&!(t%1)&&!isNaN(t)&&isFinite(t)))return v.errors=[{instancePath:i+"/prefix\
6",schemaPath:"#/properties/prefix6/type",keyword:"type",params:{type:"integer"},message:"must be integer"}],!1;
if(e===a&&typeof t=="number"&&isFinite(t)){if(t>128||isNaN(t))return v.errors=[{instancePath:i+"/prefix6",schemaPath:"\
#/properties/prefix6/maximum",keyword:"maximum",params:{comparison:"<=",limit:128},message:"must be <= 128"}],
!1;if(t<0||isNaN(t))return v.errors=[{instancePath:i+"/prefix6",schemaPath:"#/properties/prefix6/minimum",keyword:"\
minimum",params:{comparison:">=",limit:0},message:"must be >= 0"}],!1}var s=a===e}else var s=!0;if(s)if(r.blockForSeconds!==
void 0){let t=r.blockForSeconds,a=e;if(!(typeof t=="number"&&isFinite(t))&&t!==null)return v.errors=[{instancePath:i+
"/blockForSeconds",schemaPath:"#/properties/blockForSeconds/type",keyword:"type",params:{type:$.properties.blockForSeconds.
type},message:"must be number,null"}],!1;if(e===a&&typeof t=="number"&&isFinite(t)&&(t<0||isNaN(t)))return v.errors=
[{instancePath:i+"/blockForSeconds",schemaPath:"#/properties/blockForSeconds/minimum",keyword:"minimum",params:{
comparison:">=",limit:0},message:"must be >= 0"}],!1;var s=a===e}else var s=!0}}}}}}}}else return v.errors=[{instancePath:i,
schemaPath:"#/type",keyword:"type",params:{type:"object"},message:"must be object"}],!1;return v.errors=o,e===
0}function g(r,{instancePath:i="",parentData:N,parentDataProperty:_,rootData:y=r}={}){let o=null,e=0;if(e===0)
if(r&&typeof r=="object"&&!Array.isArray(r)){let f;if(r.index===void 0&&(f="index")||r.id===void 0&&(f="id")||
r.stableId===void 0&&(f="stableId")||r.policy===void 0&&(f="policy")||r.name===void 0&&(f="name")||r.action===
void 0&&(f="action")||r.shadow===void 0&&(f="shadow")||r.backend===void 0&&(f="backend")||r.location===void 0&&
(f="location")||r.limit===void 0&&(f="limit"))return g.errors=[{instancePath:i,schemaPath:"#/required",keyword:"\
required",params:{missingProperty:f},message:"must have required property '"+f+"'"}],!1;{let t=e;for(let a in r)
if(!R.call(O.properties,a)){return g.errors=[{instancePath:i,schemaPath:"#/additionalProperties",keyword:"addi\
tionalProperties",params:{additionalProperty:a},message:"must NOT have additional properties"}],!1;break}if(t===
e){if(r.index!==void 0){let a=r.index,p=e;if(!(typeof a=="number"&&!(a%1)&&!isNaN(a)&&isFinite(a)))return g.errors=
[{instancePath:i+"/index",schemaPath:"#/properties/index/type",keyword:"type",params:{type:"integer"},message:"\
must be integer"}],!1;if(e===p&&typeof a=="number"&&isFinite(a)){if(a>4095||isNaN(a))return g.errors=[{instancePath:i+
"/index",schemaPath:"#/properties/index/maximum",keyword:"maximum",params:{comparison:"<=",limit:4095},message:"\
must be <= 4095"}],!1;if(a<0||isNaN(a))return g.errors=[{instancePath:i+"/index",schemaPath:"#/properties/inde\
x/minimum",keyword:"minimum",params:{comparison:">=",limit:0},message:"must be >= 0"}],!1}var s=p===e}else var s=!0;
if(s){if(r.id!==void 0){let a=r.id,p=e;if(e===p)if(typeof a=="string"){if(F(a)<1)return g.errors=[{instancePath:i+
"/id",schemaPath:"#/properties/id/minLength",keyword:"minLength",params:{limit:1},message:"must NOT have fewer\
 than 1 characters"}],!1}else return g.errors=[{instancePath:i+"/id",schemaPath:"#/properties/id/type",keyword:"\
type",params:{type:"string"},message:"must be string"}],!1;var s=p===e}else var s=!0;if(s){if(r.stableId!==void 0){
let a=r.stableId,p=e;if(e===p)if(typeof a=="string"){if(!U.test(a))return g.errors=[{instancePath:i+"/stableId",
schemaPath:"#/properties/stableId/pattern",keyword:"pattern",params:{pattern:"^[0-9a-f]{16}$"},message:'must m\
atch pattern "^[0-9a-f]{16}$"'}],!1}else return g.errors=[{instancePath:i+"/stableId",schemaPath:"#/properties\
/stableId/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var s=p===e}else var s=!0;
if(s){if(r.policy!==void 0){let a=r.policy,p=e;if(e===p)if(typeof a=="string"){if(F(a)<1)return g.errors=[{instancePath:i+
"/policy",schemaPath:"#/properties/policy/minLength",keyword:"minLength",params:{limit:1},message:"must NOT ha\
ve fewer than 1 characters"}],!1}else return g.errors=[{instancePath:i+"/policy",schemaPath:"#/properties/poli\
cy/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var s=p===e}else var s=!0;if(s){if(r.
name!==void 0){let a=r.name,p=e;if(e===p)if(typeof a=="string"){if(F(a)<1)return g.errors=[{instancePath:i+"/n\
ame",schemaPath:"#/properties/name/minLength",keyword:"minLength",params:{limit:1},message:"must NOT have fewe\
r than 1 characters"}],!1}else return g.errors=[{instancePath:i+"/name",schemaPath:"#/properties/name/type",keyword:"\
type",params:{type:"string"},message:"must be string"}],!1;var s=p===e}else var s=!0;if(s){if(r.action!==void 0){
let a=r.action,p=e;if(!(a==="pass"||a==="drop"||a==="limit"))return g.errors=[{instancePath:i+"/action",schemaPath:"\
#/properties/action/enum",keyword:"enum",params:{allowedValues:O.properties.action.enum},message:"must be equa\
l to one of the allowed values"}],!1;var s=p===e}else var s=!0;if(s){if(r.shadow!==void 0){let a=e;if(typeof r.
shadow!="boolean")return g.errors=[{instancePath:i+"/shadow",schemaPath:"#/properties/shadow/type",keyword:"ty\
pe",params:{type:"boolean"},message:"must be boolean"}],!1;var s=a===e}else var s=!0;if(s){if(r.backend!==void 0){
let a=r.backend,p=e;if(typeof a!="string"&&a!==null)return g.errors=[{instancePath:i+"/backend",schemaPath:"#/\
properties/backend/type",keyword:"type",params:{type:O.properties.backend.type},message:"must be string,null"}],
!1;var s=p===e}else var s=!0;if(s){if(r.location!==void 0){let a=e;L(r.location,{instancePath:i+"/location",parentData:r,
parentDataProperty:"location",rootData:y})||(o=o===null?L.errors:o.concat(L.errors),e=o.length);var s=a===e}else
var s=!0;if(s)if(r.limit!==void 0){let a=r.limit,p=e,c=e,u=!1,b=e;v(a,{instancePath:i+"/limit",parentData:r,parentDataProperty:"\
limit",rootData:y})||(o=o===null?v.errors:o.concat(v.errors),e=o.length);var m=b===e;if(u=u||m,!u){let l=e;if(a!==
null){let x={instancePath:i+"/limit",schemaPath:"#/properties/limit/anyOf/1/type",keyword:"type",params:{type:"\
null"},message:"must be null"};o===null?o=[x]:o.push(x),e++}var m=l===e;u=u||m}if(u)e=c,o!==null&&(c?o.length=
c:o=null);else{let l={instancePath:i+"/limit",schemaPath:"#/properties/limit/anyOf",keyword:"anyOf",params:{},
message:"must match a schema in anyOf"};return o===null?o=[l]:o.push(l),e++,g.errors=o,!1}var s=p===e}else var s=!0}}}}}}}}}}}else
return g.errors=[{instancePath:i,schemaPath:"#/type",keyword:"type",params:{type:"object"},message:"must be ob\
ject"}],!1;return g.errors=o,e===0}var G={type:"object",additionalProperties:!1,required:["name","owners","bac\
kend"],properties:{name:{type:"string",minLength:1},owners:{type:"array",items:{type:"string"}},backend:{type:[
"string","null"]}}};function A(r,{instancePath:i="",parentData:N,parentDataProperty:_,rootData:y=r}={}){let o=null,
e=0;if(e===0)if(r&&typeof r=="object"&&!Array.isArray(r)){let f;if(r.name===void 0&&(f="name")||r.owners===void 0&&
(f="owners")||r.backend===void 0&&(f="backend"))return A.errors=[{instancePath:i,schemaPath:"#/required",keyword:"\
required",params:{missingProperty:f},message:"must have required property '"+f+"'"}],!1;{let t=e;for(let a in r)
if(!(a==="name"||a==="owners"||a==="backend")){return A.errors=[{instancePath:i,schemaPath:"#/additionalProper\
ties",keyword:"additionalProperties",params:{additionalProperty:a},message:"must NOT have additional propertie\
s"}],!1;break}if(t===e){if(r.name!==void 0){let a=r.name,p=e;if(e===p)if(typeof a=="string"){if(F(a)<1)return A.
errors=[{instancePath:i+"/name",schemaPath:"#/properties/name/minLength",keyword:"minLength",params:{limit:1},
message:"must NOT have fewer than 1 characters"}],!1}else return A.errors=[{instancePath:i+"/name",schemaPath:"\
#/properties/name/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var s=p===e}else var s=!0;
if(s){if(r.owners!==void 0){let a=r.owners,p=e;if(e===p)if(Array.isArray(a)){var m=!0;let u=a.length;for(let b=0;b<
u;b++){let n=e;if(typeof a[b]!="string")return A.errors=[{instancePath:i+"/owners/"+b,schemaPath:"#/properties\
/owners/items/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var m=n===e;if(!m)break}}else
return A.errors=[{instancePath:i+"/owners",schemaPath:"#/properties/owners/type",keyword:"type",params:{type:"\
array"},message:"must be array"}],!1;var s=p===e}else var s=!0;if(s)if(r.backend!==void 0){let a=r.backend,p=e;
if(typeof a!="string"&&a!==null)return A.errors=[{instancePath:i+"/backend",schemaPath:"#/properties/backend/t\
ype",keyword:"type",params:{type:G.properties.backend.type},message:"must be string,null"}],!1;var s=p===e}else
var s=!0}}}}else return A.errors=[{instancePath:i,schemaPath:"#/type",keyword:"type",params:{type:"object"},message:"\
must be object"}],!1;return A.errors=o,e===0}var H={type:"object",additionalProperties:!1,required:["name","li\
sten","protocols","origins"],properties:{name:{type:"string",minLength:1},listen:{type:"array",items:{type:"st\
ring"}},protocols:{type:"array",items:{enum:["tcp","udp"]}},origins:{type:"array",items:{type:"string"}}}};function q(r,{
instancePath:i="",parentData:N,parentDataProperty:_,rootData:y=r}={}){let o=null,e=0;if(e===0)if(r&&typeof r==
"object"&&!Array.isArray(r)){let a;if(r.name===void 0&&(a="name")||r.listen===void 0&&(a="listen")||r.protocols===
void 0&&(a="protocols")||r.origins===void 0&&(a="origins"))return q.errors=[{instancePath:i,schemaPath:"#/requ\
ired",keyword:"required",params:{missingProperty:a},message:"must have required property '"+a+"'"}],!1;{let p=e;
for(let c in r)if(!(c==="name"||c==="listen"||c==="protocols"||c==="origins")){return q.errors=[{instancePath:i,
schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:c},message:"must\
 NOT have additional properties"}],!1;break}if(p===e){if(r.name!==void 0){let c=r.name,u=e;if(e===u)if(typeof c==
"string"){if(F(c)<1)return q.errors=[{instancePath:i+"/name",schemaPath:"#/properties/name/minLength",keyword:"\
minLength",params:{limit:1},message:"must NOT have fewer than 1 characters"}],!1}else return q.errors=[{instancePath:i+
"/name",schemaPath:"#/properties/name/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;
var s=u===e}else var s=!0;if(s){if(r.listen!==void 0){let c=r.listen,u=e;if(e===u)if(Array.isArray(c)){var m=!0;
let n=c.length;for(let l=0;l<n;l++){let V=e;if(typeof c[l]!="string")return q.errors=[{instancePath:i+"/listen\
/"+l,schemaPath:"#/properties/listen/items/type",keyword:"type",params:{type:"string"},message:"must be string"}],
!1;var m=V===e;if(!m)break}}else return q.errors=[{instancePath:i+"/listen",schemaPath:"#/properties/listen/ty\
pe",keyword:"type",params:{type:"array"},message:"must be array"}],!1;var s=u===e}else var s=!0;if(s){if(r.protocols!==
void 0){let c=r.protocols,u=e;if(e===u)if(Array.isArray(c)){var f=!0;let n=c.length;for(let l=0;l<n;l++){let V=c[l],
x=e;if(!(V==="tcp"||V==="udp"))return q.errors=[{instancePath:i+"/protocols/"+l,schemaPath:"#/properties/proto\
cols/items/enum",keyword:"enum",params:{allowedValues:H.properties.protocols.items.enum},message:"must be equa\
l to one of the allowed values"}],!1;var f=x===e;if(!f)break}}else return q.errors=[{instancePath:i+"/protocol\
s",schemaPath:"#/properties/protocols/type",keyword:"type",params:{type:"array"},message:"must be array"}],!1;
var s=u===e}else var s=!0;if(s)if(r.origins!==void 0){let c=r.origins,u=e;if(e===u)if(Array.isArray(c)){var t=!0;
let n=c.length;for(let l=0;l<n;l++){let V=e;if(typeof c[l]!="string")return q.errors=[{instancePath:i+"/origin\
s/"+l,schemaPath:"#/properties/origins/items/type",keyword:"type",params:{type:"string"},message:"must be stri\
ng"}],!1;var t=V===e;if(!t)break}}else return q.errors=[{instancePath:i+"/origins",schemaPath:"#/properties/or\
igins/type",keyword:"type",params:{type:"array"},message:"must be array"}],!1;var s=u===e}else var s=!0}}}}}else
return q.errors=[{instancePath:i,schemaPath:"#/type",keyword:"type",params:{type:"object"},message:"must be ob\
ject"}],!1;return q.errors=o,e===0}var K={type:"object",additionalProperties:!1,required:["name","scope","pref\
ixes4","prefixes6","sha256","feed"],properties:{name:{type:"string",minLength:1},scope:{description:"The polic\
y, or `fleet:<name>`.",type:"string",minLength:1},prefixes4:{description:"The fewest IPv4 prefixes that cover \
it.",type:"integer",minimum:0},prefixes6:{description:"The fewest IPv6 prefixes that cover it.",type:"integer",
minimum:0},sha256:{description:"Over its ranges in order, first and last address big-endian: IPv4 in 4 bytes e\
ach, then IPv6 in 16.",type:"string",pattern:"^[0-9a-f]{64}$"},feed:{description:"Path of the feed file.",type:[
"string","null"]}}};function w(r,{instancePath:i="",parentData:N,parentDataProperty:_,rootData:y=r}={}){let o=null,
e=0;if(e===0)if(r&&typeof r=="object"&&!Array.isArray(r)){let m;if(r.name===void 0&&(m="name")||r.scope===void 0&&
(m="scope")||r.prefixes4===void 0&&(m="prefixes4")||r.prefixes6===void 0&&(m="prefixes6")||r.sha256===void 0&&
(m="sha256")||r.feed===void 0&&(m="feed"))return w.errors=[{instancePath:i,schemaPath:"#/required",keyword:"re\
quired",params:{missingProperty:m},message:"must have required property '"+m+"'"}],!1;{let f=e;for(let t in r)
if(!(t==="name"||t==="scope"||t==="prefixes4"||t==="prefixes6"||t==="sha256"||t==="feed")){return w.errors=[{instancePath:i,
schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:t},message:"must\
 NOT have additional properties"}],!1;break}if(f===e){if(r.name!==void 0){let t=r.name,a=e;if(e===a)if(typeof t==
"string"){if(F(t)<1)return w.errors=[{instancePath:i+"/name",schemaPath:"#/properties/name/minLength",keyword:"\
minLength",params:{limit:1},message:"must NOT have fewer than 1 characters"}],!1}else return w.errors=[{instancePath:i+
"/name",schemaPath:"#/properties/name/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;
var s=a===e}else var s=!0;if(s){if(r.scope!==void 0){let t=r.scope,a=e;if(e===a)if(typeof t=="string"){if(F(t)<
1)return w.errors=[{instancePath:i+"/scope",schemaPath:"#/properties/scope/minLength",keyword:"minLength",params:{
limit:1},message:"must NOT have fewer than 1 characters"}],!1}else return w.errors=[{instancePath:i+"/scope",schemaPath:"\
#/properties/scope/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var s=a===e}else var s=!0;
if(s){if(r.prefixes4!==void 0){let t=r.prefixes4,a=e;if(!(typeof t=="number"&&!(t%1)&&!isNaN(t)&&isFinite(t)))
return w.errors=[{instancePath:i+"/prefixes4",schemaPath:"#/properties/prefixes4/type",keyword:"type",params:{
type:"integer"},message:"must be integer"}],!1;if(e===a&&typeof t=="number"&&isFinite(t)&&(t<0||isNaN(t)))return w.
errors=[{instancePath:i+"/prefixes4",schemaPath:"#/properties/prefixes4/minimum",keyword:"minimum",params:{comparison:"\
>=",limit:0},message:"must be >= 0"}],!1;var s=a===e}else var s=!0;if(s){if(r.prefixes6!==void 0){let t=r.prefixes6,
a=e;if(!(typeof t=="number"&&!(t%1)&&!isNaN(t)&&isFinite(t)))return w.errors=[{instancePath:i+"/prefixes6",schemaPath:"\
#/properties/prefixes6/type",keyword:"type",params:{type:"integer"},message:"must be integer"}],!1;if(e===a&&typeof t==
"number"&&isFinite(t)&&(t<0||isNaN(t)))return w.errors=[{instancePath:i+"/prefixes6",schemaPath:"#/properties/\
prefixes6/minimum",keyword:"minimum",params:{comparison:">=",limit:0},message:"must be >= 0"}],!1;var s=a===e}else
var s=!0;if(s){if(r.sha256!==void 0){let t=r.sha256,a=e;if(e===a)if(typeof t=="string"){if(!z.test(t))return w.
errors=[{instancePath:i+"/sha256",schemaPath:"#/properties/sha256/pattern",keyword:"pattern",params:{pattern:"\
^[0-9a-f]{64}$"},message:'must match pattern "^[0-9a-f]{64}$"'}],!1}else return w.errors=[{instancePath:i+"/sh\
a256",schemaPath:"#/properties/sha256/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;
var s=a===e}else var s=!0;if(s)if(r.feed!==void 0){let t=r.feed,a=e;if(typeof t!="string"&&t!==null)return w.errors=
[{instancePath:i+"/feed",schemaPath:"#/properties/feed/type",keyword:"type",params:{type:K.properties.feed.type},
message:"must be string,null"}],!1;var s=a===e}else var s=!0}}}}}}}else return w.errors=[{instancePath:i,schemaPath:"\
#/type",keyword:"type",params:{type:"object"},message:"must be object"}],!1;return w.errors=o,e===0}var J={description:"\
Packets that must get the verdict and rule given; the steps run in order on state that is empty before.",type:"\
object",additionalProperties:!1,required:["name","rule","steps"],properties:{name:{type:"string",minLength:1},
rule:{description:"The rule that it witnesses.",type:["string","null"]},steps:{type:"array",minItems:1,items:{
$ref:"#/definitions/WitnessStep"}}}},S={type:"object",additionalProperties:!1,required:["packet","atNs","repea\
t","verdict","rule","reason"],properties:{packet:{description:"The frame from the destination MAC on, base64. \
14 bytes at least: BPF_PROG_TEST_RUN takes no less.",type:"string",minLength:20,maxLength:87400,pattern:"^[A-Z\
a-z0-9+/]+={0,2}$"},atNs:{description:"Time in nanoseconds, a u64.",type:"string",pattern:"^(0|[1-9][0-9]{0,19\
})$"},repeat:{description:"How often the packet runs; the expectation holds for the last.",type:"integer",minimum:1,
maximum:4294967295},verdict:{enum:["pass","drop"]},rule:{description:"The deciding rule's id.",type:["string",
"null"]},reason:{enum:["default","rule","limit","block","management","arp","neighbour-discovery","dhcp","other\
-ethertype","truncated-ethernet","truncated-vlan","too-many-vlan-tags","truncated-ip","bad-ip-version","bad-ih\
l","bad-total-length","truncated-extension","too-many-extensions","bad-fragment","tiny-fragment","truncated-l4",
"bad-tcp-offset","bad-udp-length"]}}},Q=new RegExp("^[A-Za-z0-9+/]+={0,2}$","u"),X=new RegExp("^(0|[1-9][0-9]{\
0,19})$","u");function P(r,{instancePath:i="",parentData:N,parentDataProperty:_,rootData:y=r}={}){let o=null,e=0;
if(e===0)if(r&&typeof r=="object"&&!Array.isArray(r)){let m;if(r.packet===void 0&&(m="packet")||r.atNs===void 0&&
(m="atNs")||r.repeat===void 0&&(m="repeat")||r.verdict===void 0&&(m="verdict")||r.rule===void 0&&(m="rule")||r.
reason===void 0&&(m="reason"))return P.errors=[{instancePath:i,schemaPath:"#/required",keyword:"required",params:{
missingProperty:m},message:"must have required property '"+m+"'"}],!1;{let f=e;for(let t in r)if(!(t==="packet"||
t==="atNs"||t==="repeat"||t==="verdict"||t==="rule"||t==="reason")){return P.errors=[{instancePath:i,schemaPath:"\
#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:t},message:"must NOT have ad\
ditional properties"}],!1;break}if(f===e){if(r.packet!==void 0){let t=r.packet,a=e;if(e===a)if(typeof t=="stri\
ng"){if(F(t)>87400)return P.errors=[{instancePath:i+"/packet",schemaPath:"#/properties/packet/maxLength",keyword:"\
maxLength",params:{limit:87400},message:"must NOT have more than 87400 characters"}],!1;if(F(t)<20)return P.errors=
[{instancePath:i+"/packet",schemaPath:"#/properties/packet/minLength",keyword:"minLength",params:{limit:20},message:"\
must NOT have fewer than 20 characters"}],!1;if(!Q.test(t))return P.errors=[{instancePath:i+"/packet",schemaPath:"\
#/properties/packet/pattern",keyword:"pattern",params:{pattern:"^[A-Za-z0-9+/]+={0,2}$"},message:'must match p\
attern "^[A-Za-z0-9+/]+={0,2}$"'}],!1}else return P.errors=[{instancePath:i+"/packet",schemaPath:"#/properties\
/packet/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var s=a===e}else var s=!0;if(s){
if(r.atNs!==void 0){let t=r.atNs,a=e;if(e===a)if(typeof t=="string"){if(!X.test(t))return P.errors=[{instancePath:i+
"/atNs",schemaPath:"#/properties/atNs/pattern",keyword:"pattern",params:{pattern:"^(0|[1-9][0-9]{0,19})$"},message:'\
must match pattern "^(0|[1-9][0-9]{0,19})$"'}],!1}else return P.errors=[{instancePath:i+"/atNs",schemaPath:"#/\
properties/atNs/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var s=a===e}else var s=!0;
if(s){if(r.repeat!==void 0){let t=r.repeat,a=e;if(!(typeof t=="number"&&!(t%1)&&!isNaN(t)&&isFinite(t)))return P.
errors=[{instancePath:i+"/repeat",schemaPath:"#/properties/repeat/type",keyword:"type",params:{type:"integer"},
message:"must be integer"}],!1;if(e===a&&typeof t=="number"&&isFinite(t)){if(t>4294967295||isNaN(t))return P.errors=
[{instancePath:i+"/repeat",schemaPath:"#/properties/repeat/maximum",keyword:"maximum",params:{comparison:"<=",
limit:4294967295},message:"must be <= 4294967295"}],!1;if(t<1||isNaN(t))return P.errors=[{instancePath:i+"/rep\
eat",schemaPath:"#/properties/repeat/minimum",keyword:"minimum",params:{comparison:">=",limit:1},message:"must\
 be >= 1"}],!1}var s=a===e}else var s=!0;if(s){if(r.verdict!==void 0){let t=r.verdict,a=e;if(!(t==="pass"||t===
"drop"))return P.errors=[{instancePath:i+"/verdict",schemaPath:"#/properties/verdict/enum",keyword:"enum",params:{
allowedValues:S.properties.verdict.enum},message:"must be equal to one of the allowed values"}],!1;var s=a===e}else
var s=!0;if(s){if(r.rule!==void 0){let t=r.rule,a=e;if(typeof t!="string"&&t!==null)return P.errors=[{instancePath:i+
"/rule",schemaPath:"#/properties/rule/type",keyword:"type",params:{type:S.properties.rule.type},message:"must \
be string,null"}],!1;var s=a===e}else var s=!0;if(s)if(r.reason!==void 0){let t=r.reason,a=e;if(!(t==="default"||
t==="rule"||t==="limit"||t==="block"||t==="management"||t==="arp"||t==="neighbour-discovery"||t==="dhcp"||t===
"other-ethertype"||t==="truncated-ethernet"||t==="truncated-vlan"||t==="too-many-vlan-tags"||t==="truncated-ip"||
t==="bad-ip-version"||t==="bad-ihl"||t==="bad-total-length"||t==="truncated-extension"||t==="too-many-extensio\
ns"||t==="bad-fragment"||t==="tiny-fragment"||t==="truncated-l4"||t==="bad-tcp-offset"||t==="bad-udp-length"))
return P.errors=[{instancePath:i+"/reason",schemaPath:"#/properties/reason/enum",keyword:"enum",params:{allowedValues:S.
properties.reason.enum},message:"must be equal to one of the allowed values"}],!1;var s=a===e}else var s=!0}}}}}}}else
return P.errors=[{instancePath:i,schemaPath:"#/type",keyword:"type",params:{type:"object"},message:"must be ob\
ject"}],!1;return P.errors=o,e===0}function T(r,{instancePath:i="",parentData:N,parentDataProperty:_,rootData:y=r}={}){
let o=null,e=0;if(e===0)if(r&&typeof r=="object"&&!Array.isArray(r)){let f;if(r.name===void 0&&(f="name")||r.rule===
void 0&&(f="rule")||r.steps===void 0&&(f="steps"))return T.errors=[{instancePath:i,schemaPath:"#/required",keyword:"\
required",params:{missingProperty:f},message:"must have required property '"+f+"'"}],!1;{let t=e;for(let a in r)
if(!(a==="name"||a==="rule"||a==="steps")){return T.errors=[{instancePath:i,schemaPath:"#/additionalProperties",
keyword:"additionalProperties",params:{additionalProperty:a},message:"must NOT have additional properties"}],!1;
break}if(t===e){if(r.name!==void 0){let a=r.name,p=e;if(e===p)if(typeof a=="string"){if(F(a)<1)return T.errors=
[{instancePath:i+"/name",schemaPath:"#/properties/name/minLength",keyword:"minLength",params:{limit:1},message:"\
must NOT have fewer than 1 characters"}],!1}else return T.errors=[{instancePath:i+"/name",schemaPath:"#/proper\
ties/name/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var s=p===e}else var s=!0;
if(s){if(r.rule!==void 0){let a=r.rule,p=e;if(typeof a!="string"&&a!==null)return T.errors=[{instancePath:i+"/\
rule",schemaPath:"#/properties/rule/type",keyword:"type",params:{type:J.properties.rule.type},message:"must be\
 string,null"}],!1;var s=p===e}else var s=!0;if(s)if(r.steps!==void 0){let a=r.steps,p=e;if(e===p)if(Array.isArray(
a)){if(a.length<1)return T.errors=[{instancePath:i+"/steps",schemaPath:"#/properties/steps/minItems",keyword:"\
minItems",params:{limit:1},message:"must NOT have fewer than 1 items"}],!1;{var m=!0;let u=a.length;for(let b=0;b<
u;b++){let n=e;P(a[b],{instancePath:i+"/steps/"+b,parentData:a,parentDataProperty:b,rootData:y})||(o=o===null?
P.errors:o.concat(P.errors),e=o.length);var m=n===e;if(!m)break}}}else return T.errors=[{instancePath:i+"/step\
s",schemaPath:"#/properties/steps/type",keyword:"type",params:{type:"array"},message:"must be array"}],!1;var s=p===
e}else var s=!0}}}}else return T.errors=[{instancePath:i,schemaPath:"#/type",keyword:"type",params:{type:"obje\
ct"},message:"must be object"}],!1;return T.errors=o,e===0}var Y=new RegExp("^sha256:[0-9a-f]{64}$","u");function h(r,{
instancePath:i="",parentData:N,parentDataProperty:_,rootData:y=r}={}){let o=null,e=0;if(e===0)if(r&&typeof r==
"object"&&!Array.isArray(r)){let u;if(r.formatVersion===void 0&&(u="formatVersion")||r.abiVersion===void 0&&(u=
"abiVersion")||r.fleet===void 0&&(u="fleet")||r.revision===void 0&&(u="revision")||r.memoryBytes===void 0&&(u=
"memoryBytes")||r.sections===void 0&&(u="sections")||r.rules===void 0&&(u="rules")||r.policies===void 0&&(u="p\
olicies")||r.backends===void 0&&(u="backends")||r.sets===void 0&&(u="sets")||r.witnesses===void 0&&(u="witness\
es"))return h.errors=[{instancePath:i,schemaPath:"#/required",keyword:"required",params:{missingProperty:u},message:"\
must have required property '"+u+"'"}],!1;{let b=e;for(let n in r)if(!R.call(Z.properties,n)){return h.errors=
[{instancePath:i,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:n},
message:"must NOT have additional properties"}],!1;break}if(b===e){if(r.formatVersion!==void 0){let n=e;if(r.formatVersion!==
1)return h.errors=[{instancePath:i+"/formatVersion",schemaPath:"#/properties/formatVersion/const",keyword:"con\
st",params:{allowedValue:1},message:"must be equal to constant"}],!1;var s=n===e}else var s=!0;if(s){if(r.abiVersion!==
void 0){let n=r.abiVersion,l=e;if(!(typeof n=="number"&&!(n%1)&&!isNaN(n)&&isFinite(n)))return h.errors=[{instancePath:i+
"/abiVersion",schemaPath:"#/properties/abiVersion/type",keyword:"type",params:{type:"integer"},message:"must b\
e integer"}],!1;if(e===l&&typeof n=="number"&&isFinite(n)&&(n<1||isNaN(n)))return h.errors=[{instancePath:i+"/\
abiVersion",schemaPath:"#/properties/abiVersion/minimum",keyword:"minimum",params:{comparison:">=",limit:1},message:"\
must be >= 1"}],!1;var s=l===e}else var s=!0;if(s){if(r.fleet!==void 0){let n=e;j(r.fleet,{instancePath:i+"/fl\
eet",parentData:r,parentDataProperty:"fleet",rootData:y})||(o=o===null?j.errors:o.concat(j.errors),e=o.length);
var s=n===e}else var s=!0;if(s){if(r.revision!==void 0){let n=r.revision,l=e;if(e===l)if(typeof n=="string"){if(!Y.
test(n))return h.errors=[{instancePath:i+"/revision",schemaPath:"#/properties/revision/pattern",keyword:"patte\
rn",params:{pattern:"^sha256:[0-9a-f]{64}$"},message:'must match pattern "^sha256:[0-9a-f]{64}$"'}],!1}else return h.
errors=[{instancePath:i+"/revision",schemaPath:"#/properties/revision/type",keyword:"type",params:{type:"strin\
g"},message:"must be string"}],!1;var s=l===e}else var s=!0;if(s){if(r.memoryBytes!==void 0){let n=r.memoryBytes,
l=e;if(!(typeof n=="number"&&!(n%1)&&!isNaN(n)&&isFinite(n)))return h.errors=[{instancePath:i+"/memoryBytes",schemaPath:"\
#/properties/memoryBytes/type",keyword:"type",params:{type:"integer"},message:"must be integer"}],!1;if(e===l&&
typeof n=="number"&&isFinite(n)){if(n>9007199254740991||isNaN(n))return h.errors=[{instancePath:i+"/memoryByte\
s",schemaPath:"#/properties/memoryBytes/maximum",keyword:"maximum",params:{comparison:"<=",limit:9007199254740991},
message:"must be <= 9007199254740991"}],!1;if(n<0||isNaN(n))return h.errors=[{instancePath:i+"/memoryBytes",schemaPath:"\
#/properties/memoryBytes/minimum",keyword:"minimum",params:{comparison:">=",limit:0},message:"must be >= 0"}],
!1}var s=l===e}else var s=!0;if(s){if(r.sections!==void 0){let n=r.sections,l=e;if(e===l)if(Array.isArray(n)){
if(n.length>64)return h.errors=[{instancePath:i+"/sections",schemaPath:"#/properties/sections/maxItems",keyword:"\
maxItems",params:{limit:64},message:"must NOT have more than 64 items"}],!1;if(n.length<1)return h.errors=[{instancePath:i+
"/sections",schemaPath:"#/properties/sections/minItems",keyword:"minItems",params:{limit:1},message:"must NOT \
have fewer than 1 items"}],!1;{var m=!0;let x=n.length;for(let d=0;d<x;d++){let D=e;k(n[d],{instancePath:i+"/s\
ections/"+d,parentData:n,parentDataProperty:d,rootData:y})||(o=o===null?k.errors:o.concat(k.errors),e=o.length);
var m=D===e;if(!m)break}}}else return h.errors=[{instancePath:i+"/sections",schemaPath:"#/properties/sections/\
type",keyword:"type",params:{type:"array"},message:"must be array"}],!1;var s=l===e}else var s=!0;if(s){if(r.rules!==
void 0){let n=r.rules,l=e;if(e===l)if(Array.isArray(n)){if(n.length>4096)return h.errors=[{instancePath:i+"/ru\
les",schemaPath:"#/properties/rules/maxItems",keyword:"maxItems",params:{limit:4096},message:"must NOT have mo\
re than 4096 items"}],!1;{var f=!0;let x=n.length;for(let d=0;d<x;d++){let D=e;g(n[d],{instancePath:i+"/rules/"+
d,parentData:n,parentDataProperty:d,rootData:y})||(o=o===null?g.errors:o.concat(g.errors),e=o.length);var f=D===
e;if(!f)break}}}else return h.errors=[{instancePath:i+"/rules",schemaPath:"#/properties/rules/type",keyword:"t\
ype",params:{type:"array"},message:"must be array"}],!1;var s=l===e}else var s=!0;if(s){if(r.policies!==void 0){
let n=r.policies,l=e;if(e===l)if(Array.isArray(n)){var t=!0;let x=n.length;for(let d=0;d<x;d++){let D=e;A(n[d],
{instancePath:i+"/policies/"+d,parentData:n,parentDataProperty:d,rootData:y})||(o=o===null?A.errors:o.concat(A.
errors),e=o.length);var t=D===e;if(!t)break}}else return h.errors=[{instancePath:i+"/policies",schemaPath:"#/p\
roperties/policies/type",keyword:"type",params:{type:"array"},message:"must be array"}],!1;var s=l===e}else var s=!0;
if(s){if(r.backends!==void 0){let n=r.backends,l=e;if(e===l)if(Array.isArray(n)){if(n.length>256)return h.errors=
[{instancePath:i+"/backends",schemaPath:"#/properties/backends/maxItems",keyword:"maxItems",params:{limit:256},
message:"must NOT have more than 256 items"}],!1;{var a=!0;let x=n.length;for(let d=0;d<x;d++){let D=e;q(n[d],
{instancePath:i+"/backends/"+d,parentData:n,parentDataProperty:d,rootData:y})||(o=o===null?q.errors:o.concat(q.
errors),e=o.length);var a=D===e;if(!a)break}}}else return h.errors=[{instancePath:i+"/backends",schemaPath:"#/\
properties/backends/type",keyword:"type",params:{type:"array"},message:"must be array"}],!1;var s=l===e}else var s=!0;
if(s){if(r.sets!==void 0){let n=r.sets,l=e;if(e===l)if(Array.isArray(n)){var p=!0;let x=n.length;for(let d=0;d<
x;d++){let D=e;w(n[d],{instancePath:i+"/sets/"+d,parentData:n,parentDataProperty:d,rootData:y})||(o=o===null?w.
errors:o.concat(w.errors),e=o.length);var p=D===e;if(!p)break}}else return h.errors=[{instancePath:i+"/sets",schemaPath:"\
#/properties/sets/type",keyword:"type",params:{type:"array"},message:"must be array"}],!1;var s=l===e}else var s=!0;
if(s)if(r.witnesses!==void 0){let n=r.witnesses,l=e;if(e===l)if(Array.isArray(n)){var c=!0;let x=n.length;for(let d=0;d<
x;d++){let D=e;T(n[d],{instancePath:i+"/witnesses/"+d,parentData:n,parentDataProperty:d,rootData:y})||(o=o===null?
T.errors:o.concat(T.errors),e=o.length);var c=D===e;if(!c)break}}else return h.errors=[{instancePath:i+"/witne\
sses",schemaPath:"#/properties/witnesses/type",keyword:"type",params:{type:"array"},message:"must be array"}],
!1;var s=l===e}else var s=!0}}}}}}}}}}}}else return h.errors=[{instancePath:i,schemaPath:"#/type",keyword:"typ\
e",params:{type:"object"},message:"must be object"}],!1;return h.errors=o,e===0}export{se as default,te as validate};
