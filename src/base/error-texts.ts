// What a user reads for each error code: title in Portuguese, and what happened, why, and what to do, in both languages.
// English titles are in errors.ts. Over 300 lines because it is one complete table.
import type { ErrorCode, ErrorData } from './errors.ts'
import { ERRORS } from './errors.ts'
import { fillTemplate } from './text-template.ts'
import type { Language } from './texts.ts'

interface ErrorText {
  /** Title in Portuguese. */
  title: string
  'pt-BR': string
  en: string
}

const text = (title: string, portuguese: string, english: string): ErrorText => ({
  title,
  'pt-BR': portuguese,
  en: english,
})

export const ERROR_TEXTS = {
  AUTH_REQUIRED: text(
    'Token necessário',
    'O pedido não trouxe o token. Envie-o no cabeçalho X-SisRua-Token.',
    'The request carried no token. Send it in the X-SisRua-Token header.',
  ),
  AUTH_INVALID: text(
    'Token recusado',
    'O token não é válido ou expirou. Reinicie o plugin ou peça uma nova sessão.',
    'The token is not valid or has expired. Restart the plugin or ask for a new session.',
  ),
  AUTH_NOT_CONFIGURED: text(
    'Autenticação não configurada',
    'O servidor foi iniciado sem token e recusa tudo. Inicie-o pelo plugin ou defina SISRUA_AUTH_TOKEN.',
    'The server was started without a token and refuses everything. Start it from the plugin or set SISRUA_AUTH_TOKEN.',
  ),
  FORBIDDEN: text(
    'Não permitido para este perfil',
    'Este token não tem permissão para a operação. Use o token principal.',
    'This token may not do that. Use the owner token.',
  ),
  HOST_REFUSED: text(
    'Cabeçalho Host recusado',
    'O endereço do pedido não é o deste servidor local. Use http://127.0.0.1 com a porta informada.',
    'The request was not addressed to this local server. Use http://127.0.0.1 with the port it reported.',
  ),
  ORIGIN_REFUSED: text(
    'Origem recusada',
    'Outro site tentou usar este servidor local. Apenas o próprio painel pode chamá-lo pelo navegador.',
    'Another site tried to use this local server. Only its own panel may call it from a browser.',
  ),
  REQUEST_INVALID: text(
    'Pedido não entendido',
    'O pedido está malformado. Verifique o endereço, os cabeçalhos e se o corpo é JSON válido em UTF-8.',
    'The request is malformed. Check the address, the headers, and that the body is valid JSON in UTF-8.',
  ),
  NOT_FOUND: text(
    'Não encontrado',
    'Este endereço não existe. A lista completa está em /docs.',
    'There is nothing at this address. The full list is at /docs.',
  ),
  METHOD_NOT_ALLOWED: text(
    'Método não permitido',
    'Este endereço não aceita o método usado. Veja o cabeçalho Allow ou /docs.',
    'This address does not accept that method. See the Allow header or /docs.',
  ),
  MEDIA_TYPE_REFUSED: text(
    'Tipo de conteúdo recusado',
    'Envie o corpo como application/json, sem compressão.',
    'Send the body as application/json, without compression.',
  ),
  BODY_TOO_LARGE: text(
    'Corpo grande demais',
    'O corpo passa do limite deste endereço. Divida os dados em partes menores.',
    'The body is larger than this address accepts. Split the data into smaller parts.',
  ),
  PARAMS_INVALID: text(
    'Parâmetros inválidos',
    'Algum parâmetro falta ou está fora do permitido. Corrija-o e envie de novo.',
    'A parameter is missing or out of range. Correct it and send again.',
  ),
  RATE_LIMITED: text(
    'Pedidos demais',
    'Muitos pedidos em pouco tempo. Aguarde o tempo indicado em Retry-After.',
    'Too many requests in a short time. Wait as long as Retry-After says.',
  ),
  JOB_NOT_FOUND: text(
    'Tarefa não encontrada',
    'Esta tarefa não existe ou já foi removida. Crie outra.',
    'This job does not exist or was removed. Create another one.',
  ),
  PROJECT_NOT_FOUND: text(
    'Projeto não encontrado',
    'Este projeto não existe. Confira o identificador.',
    'This project does not exist. Check the id.',
  ),
  ARTIFACT_NOT_FOUND: text(
    'Arquivo não encontrado',
    'Este arquivo não existe ou já foi removido. Gere a tarefa novamente.',
    'This file does not exist or was removed. Run the job again.',
  ),
  AUDIT_INCONSISTENT: text(
    'Trilha de auditoria contraditória',
    'A trilha de auditoria contradiz um ponto de controle já assinado. Nada foi assinado; execute sisrua audit verify.',
    'The audit log contradicts a checkpoint signed before. Nothing was signed; run sisrua audit verify.',
  ),
  AUDIT_KEY_LOCKED: text(
    'Chave de assinatura bloqueada',
    'A chave que assina a trilha de auditoria está selada com o material que só o plugin entrega. Nada é assinado até que o programa seja iniciado por ele; se o material se perdeu, troque a chave (key/rotate).',
    'The key that signs the audit log is sealed with material that only the plugin hands over. Nothing is signed until the plugin starts the program; if that material is lost, change the key (key/rotate).',
  ),
  AUDIT_NOT_FOUND: text(
    'Registro de auditoria não encontrado',
    'Não há registro de auditoria com este número.',
    'There is no audit entry with this number.',
  ),
  WEBHOOK_NOT_FOUND: text(
    'Webhook não encontrado',
    'Este webhook não está registrado.',
    'This webhook is not registered.',
  ),
  WEBHOOK_TARGET_REFUSED: text(
    'Destino de webhook recusado',
    'O endereço do webhook não é permitido. Use http(s) público ou um serviço local autorizado, sem usuário e senha.',
    'The webhook address is not allowed. Use public http(s) or an allowed local service, without user and password.',
  ),
  PROJECT_FILE_INVALID: text(
    'Arquivo de projetos inválido',
    'O arquivo não é um projects.db do plugin ou está danificado. Indique o arquivo que o plugin do AutoCAD gravou.',
    'The file is no projects.db of the plugin, or it is damaged. Name the file that the AutoCAD plugin wrote.',
  ),
  PRECONDITION_FAILED: text(
    'Alterado nesse meio-tempo',
    'O que seria alterado já não está na versão que If-Match indica. Recarregue e tente de novo.',
    'What was to be changed is no longer at the version that If-Match names. Load it again and retry.',
  ),
  VERSION_CONFLICT: text(
    'Conflito de versão',
    'O projeto foi alterado por outra pessoa ou janela. Recarregue-o e tente de novo.',
    'The project was changed elsewhere. Load it again and retry.',
  ),
  IDEMPOTENCY_KEY_REUSED: text(
    'Chave de idempotência reutilizada',
    'A mesma Idempotency-Key foi usada com outro conteúdo. Use uma chave nova.',
    'The same Idempotency-Key was used with another body. Use a new key.',
  ),
  IDEMPOTENCY_KEY_BUSY: text(
    'Chave de idempotência em uso',
    'O primeiro pedido com esta Idempotency-Key não terminou. Espere; se o programa reiniciou, confira o resultado e use uma chave nova.',
    'The first request with this Idempotency-Key did not end. Wait; if the program restarted, check what was done and use a new key.',
  ),
  IDEMPOTENCY_KEY_SPENT: text(
    'Chave de idempotência já usada',
    'O pedido com esta Idempotency-Key já foi atendido; a resposta continha um segredo, que não é guardado. Use uma chave nova para obter um novo segredo; o de um webhook já registrado, troque com /rotate.',
    'The request with this Idempotency-Key was done; its answer held a secret, which is not kept. Use a new key to get a new secret; that of a webhook which is registered already, replace with /rotate.',
  ),
  CANCELLED: text('Cancelado', 'A operação foi cancelada.', 'The operation was cancelled.'),
  SHUTDOWN: text(
    'Servidor encerrando',
    'O servidor está encerrando. Tente de novo quando ele reiniciar.',
    'The server is stopping. Try again once it has restarted.',
  ),
  QUEUE_FULL: text(
    'Fila cheia',
    'Há trabalhos demais na fila. Aguarde alguns terminarem.',
    'Too many jobs are waiting. Wait until some have finished.',
  ),
  DISK_LOW: text(
    'Disco quase cheio',
    'Falta espaço em disco. Libere espaço e tente de novo.',
    'The disk is almost full. Free some space and try again.',
  ),
  STORE_UNAVAILABLE: text(
    'Armazenamento indisponível',
    'O banco de dados não pôde ser usado agora. Tente de novo; se persistir, execute sisrua doctor.',
    'The database cannot be used now. Try again; if it persists, run sisrua doctor.',
  ),
  STORE_UNSAFE: text(
    'Banco de dados inseguro',
    'Este programa não pode usar o banco de dados com segurança. Atualize o programa; se persistir, execute sisrua doctor.',
    'This program cannot use the database safely. Update the program; if it persists, run sisrua doctor.',
  ),
  STORE_ON_NETWORK: text(
    'Pasta de dados em unidade de rede',
    'A pasta de dados está em uma unidade de rede ({network}), onde um banco de dados pode perder ou estragar o que foi gravado. Indique com --data-dir uma pasta em um disco deste computador e inicie de novo.',
    'The data folder lies on a network drive ({network}), where a database can lose or spoil what was stored. Name a folder on a disk of this computer with --data-dir, then start again.',
  ),
  STORE_NEWER: text(
    'Banco mais novo que o programa',
    'O banco de dados foi criado por uma versão mais nova. Atualize o programa.',
    'The database was made by a newer version. Update the program.',
  ),
  ALREADY_RUNNING: text(
    'Já em execução',
    'Outra instância usa a mesma pasta de dados. Use-a ou escolha outra com --data-dir.',
    'Another instance uses the same data folder. Use that one or choose another with --data-dir.',
  ),
  RESULT_CORRUPT: text(
    'Resultado danificado',
    'O resultado guardado está danificado. Gere a tarefa novamente.',
    'The stored result is damaged. Run the job again.',
  ),
  POISON_JOB: text(
    'Tarefa derrubou o programa',
    'Esta tarefa derrubou o programa repetidas vezes e foi suspensa. Tente uma área menor.',
    'This job crashed the program repeatedly and was stopped. Try a smaller area.',
  ),
  MEMORY_LIMIT: text(
    'Limite de memória',
    'O trabalho passou do limite de memória. Tente uma área menor.',
    'The work exceeded the memory limit. Try a smaller area.',
  ),
  COMPUTE_TIMEOUT: text(
    'Processamento demorado demais',
    'O processamento passou do tempo limite. Tente uma área menor.',
    'The computation took too long. Try a smaller area.',
  ),
  COORDINATES_MISSING: text(
    'Coordenadas ausentes',
    'Latitude, longitude e raio são obrigatórios para uma área OSM.',
    'Latitude, longitude and radius are mandatory for an OSM area.',
  ),
  COORDINATES_UNREADABLE: text(
    'Coordenadas não entendidas',
    'Não foi possível entender as coordenadas. Escreva, por exemplo, -21,7634 -41,3235.',
    'The coordinates were not understood. Write, for example, -21.7634, -41.3235.',
  ),
  GEOJSON_INVALID: text(
    'GeoJSON inválido',
    'O GeoJSON não pôde ser usado. Verifique se é um objeto válido com coordenadas em graus.',
    'The GeoJSON cannot be used. Check that it is a valid object with coordinates in degrees.',
  ),
  KML_INVALID: text(
    'KML inválido',
    'O KML não pôde ser lido. Exporte-o de novo, sem DOCTYPE.',
    'The KML cannot be read. Export it again, without a DOCTYPE.',
  ),
  GEOMETRY_INVALID: text(
    'Geometria inválida',
    'A geometria não pôde ser usada. Verifique as coordenadas.',
    'The geometry cannot be used. Check the coordinates.',
  ),
  OSM_INVALID: text(
    'Dados OSM inválidos',
    'Os dados do OpenStreetMap estão incompletos ou malformados. Baixe-os de novo.',
    'The OpenStreetMap data is incomplete or malformed. Download it again.',
  ),
  OVERPASS_UNAVAILABLE: text(
    'Overpass indisponível',
    'Os servidores do OpenStreetMap não responderam. Tente de novo em alguns minutos ou use uma biblioteca local.',
    'The OpenStreetMap servers did not answer. Try again in some minutes or use a local library.',
  ),
  OSM_NOT_COVERED: text(
    'Área fora da biblioteca OSM',
    'A biblioteca local não cobre esta área. Adicione um extrato ou permita o acesso à rede.',
    'The local library does not cover this area. Add an extract or allow network access.',
  ),
  DEM_UNREADABLE: text(
    'Arquivo de elevação ilegível',
    'Um arquivo de elevação não pôde ser lido. Use GeoTIFF ou .hgt; "sisrua doctor" diz o motivo.',
    'An elevation file cannot be read. Use GeoTIFF or .hgt; "sisrua doctor" tells the reason.',
  ),
  DEM_NOT_COVERED: text(
    'Sem elevação neste local',
    'Nenhuma fonte de elevação cobre este local. Coloque um arquivo que o cubra na pasta SISRUA_DEM_LIBRARY.',
    'No elevation source covers this place. Put a tile that does into the SISRUA_DEM_LIBRARY folder.',
  ),
  CONTOURS_TOO_MANY: text(
    'Curvas de nível demais',
    'O intervalo gera curvas demais. Aumente o intervalo ou reduza a área.',
    'The interval gives too many contours. Use a larger interval or a smaller area.',
  ),
  MESH_TOO_LARGE: text(
    'Malha do terreno grande demais',
    'A malha teria pontos demais. Aceite um erro maior ou reduza a área.',
    'The mesh would have too many points. Accept a larger error or a smaller area.',
  ),
  CRS_UNKNOWN: text(
    'Sistema de coordenadas desconhecido',
    'O sistema de coordenadas não é conhecido. Use um código EPSG, por exemplo EPSG:31984.',
    'The coordinate system is not known. Use an EPSG code, for example EPSG:31984.',
  ),
  CRS_REFUSED: text(
    'Operação de coordenadas recusada',
    'Esta operação não vale para o sistema de coordenadas pedido. Use SIRGAS 2000 / UTM.',
    'This operation is not valid for the coordinate system asked for. Use SIRGAS 2000 / UTM.',
  ),
  LAYERS_INVALID: text(
    'Modelo de camadas inválido',
    'O arquivo de camadas não pôde ser usado. Corrija-o ou remova SISRUA_LAYERS.',
    'The layer file cannot be used. Correct it or unset SISRUA_LAYERS.',
  ),
  FILE_UNREADABLE: text(
    'Arquivo ilegível',
    'Um arquivo não pôde ser lido. Verifique se existe e se há permissão.',
    'A file cannot be read. Check that it exists and may be read.',
  ),
  UPSTREAM_UNAVAILABLE: text(
    'Serviço externo indisponível',
    'O serviço externo não está configurado ou não respondeu. Verifique as configurações e a rede.',
    'The outside service is not configured or did not answer. Check the settings and the network.',
  ),
  INTERNAL: text(
    'Erro inesperado',
    'Algo falhou no servidor. Os detalhes estão no log com o mesmo request_id.',
    'Something failed in the server. The log has the details under the same request_id.',
  ),
} satisfies Record<ErrorCode, ErrorText>

export function errorTitle(language: Language, code: ErrorCode): string {
  return language === 'en' ? ERRORS[code].title : ERROR_TEXTS[code].title
}

/** The general text of a code in the user's language, `{name}` filled from the error's data. */
export function errorText(language: Language, code: ErrorCode, data: ErrorData = {}): string {
  return fillTemplate(ERROR_TEXTS[code][language], data)
}
