<?cs # restore_what.cs: the first step of a restore: what of the backup ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<p>From backup <a href="<?cs var:backup.href ?>"><?cs var:backup.id ?></a> of <?cs var:source ?>, <?cs var:backup.created.date ?> UTC<?cs if:backup.note ?>: <span class="note"><?cs var:backup.note ?></span><?cs /if ?></p>
<?cs if:obstacle ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><div><p><strong>Backup <?cs var:backup.id ?> cannot be restored.</strong> <?cs var:obstacle ?></p><p><a href="<?cs var:backup.href ?>">To backup <?cs var:backup.id ?></a> · <a href="<?cs var:page.env.href ?>/backups">All backups of <?cs var:source ?></a></p></div></div>
<?cs else ?><ol class="steps"><li class="is-now">1 What</li><li>2 Where</li><li>3 Confirm</li></ol>
<form class="panel narrow" method="get" action="<?cs var:backup.href ?>/restore"><input type="hidden" name="step" value="2">
<div class="field<?cs if:parts.error ?> is-faulty<?cs /if ?>" id="parts" tabindex="-1"><?cs if:parts.error ?><p class="fault" id="parts-fault"><?cs call:icon("failed") ?><?cs var:parts.error ?></p><?cs /if ?>
<?cs each:c = picks ?><fieldset<?cs if:parts.error ?> aria-describedby="parts-fault"<?cs /if ?>><legend><?cs call:icon(c.icon) ?> <?cs var:c.name ?></legend>
<div class="pick"><input type="checkbox" id="part-<?cs var:c.id ?>" name="part" value="<?cs var:c.id ?>"<?cs if:c.on ?> checked<?cs /if ?> aria-describedby="part-<?cs var:c.id ?>-hint"><label for="part-<?cs var:c.id ?>">Restore <?cs var:c.name ?></label><p class="hint" id="part-<?cs var:c.id ?>-hint"><?cs var:c.engine ?>, <?cs call:size(c.size) ?><?cs if:c.items ?>, <?cs var:c.items ?> files<?cs /if ?><?cs if:c.table_count ?>, <?cs var:c.table_count ?> table<?cs if:c.table_count != #1 ?>s<?cs /if ?><?cs /if ?></p></div>
<div class="pick"><input type="checkbox" id="only-<?cs var:c.id ?>" name="only-<?cs var:c.id ?>" value="1"<?cs if:c.only ?> checked<?cs /if ?>><label for="only-<?cs var:c.id ?>">Only these <?cs if:c.media ?>paths<?cs else ?>tables<?cs /if ?>, not the whole</label></div>
<div class="field<?cs if:c.error ?> is-faulty<?cs /if ?>"><label for="choice-<?cs var:c.id ?>"><?cs if:c.media ?>Paths<?cs else ?>Tables<?cs /if ?> of <?cs var:c.name ?></label><p class="hint" id="choice-<?cs var:c.id ?>-hint"><?cs if:c.media ?>One file or folder a line, as its manifest names them<?cs else ?>One table a line<?cs /if ?>. Counts only with the tick above.</p><?cs if:c.error ?><p class="fault" id="choice-<?cs var:c.id ?>-fault"><?cs call:icon("failed") ?><?cs var:c.error ?></p><?cs /if ?><textarea id="choice-<?cs var:c.id ?>" name="choice-<?cs var:c.id ?>" rows="3" aria-describedby="choice-<?cs var:c.id ?>-hint<?cs if:c.error ?> choice-<?cs var:c.id ?>-fault<?cs /if ?>"<?cs if:c.error ?> aria-invalid="true"<?cs /if ?>><?cs var:c.choice ?></textarea></div>
<?cs if:c.table_count ?><details class="more"><summary>Tables in this backup</summary><table class="list" role="table" aria-label="Tables of <?cs var:c.name ?>"><thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Table</th><th role="columnheader" scope="col" class="num">Rows</th></tr></thead><tbody role="rowgroup">
<?cs each:t = c.tables ?><tr role="row"><th role="rowheader" scope="row" data-label="Table"><?cs var:t.name ?></th><td role="cell" class="num" data-label="Rows"><?cs var:t.rows ?></td></tr>
<?cs /each ?></tbody></table><?cs if:c.tables_more ?><p class="muted">And <?cs var:c.tables_more ?> more.</p><?cs /if ?></details>
<?cs /if ?></fieldset>
<?cs /each ?></div>
<p class="muted">Nothing is changed yet. Next you choose where it goes, then you see what will change.</p>
<div class="actions"><?cs call:button("Next: where", "primary") ?> <a class="button" href="<?cs var:backup.href ?>">Cancel</a></div>
</form>
<p class="muted"><a href="/help/restore">What a restore does, and how it is undone</a></p>
<?cs /if ?><?cs include!"foot.cs" ?>
