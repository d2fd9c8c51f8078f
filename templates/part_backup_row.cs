<?cs # part_backup_row.cs: one backup in a list, and the head of such a list
  contents_list(items)   what it holds: icon and name of each service
  backup_head(tick)      the column titles; tick: with a column of checkboxes
  backup_row(b, tick)    the row; its buttons belong to the one form of backup_acts(); `forecast`
                         of the page: how soon a restore is over
  backup_acts()          behind the list ?>
<?cs def:contents_list(items) ?><?cs each:item = items ?><span class="item"><?cs call:icon(item.icon) ?><span class="unseen"><?cs var:item.what ?>: </span><?cs var:item.name ?></span> <?cs /each ?><?cs /def ?>
<?cs def:since(t) ?><?cs if:t.iso ?> <span class="ago" data-ago="<?cs var:t.iso ?>"><?cs var:t.ago ?></span><?cs /if ?><?cs /def ?>
<?cs def:backup_head(tick) ?><thead role="rowgroup"><tr role="row"><?cs
  if:tick ?><th role="columnheader" scope="col"><span class="unseen">Choose</span></th><?cs /if ?>
<th role="columnheader" scope="col">Backup</th>
<th role="columnheader" scope="col">Status</th>
<th role="columnheader" scope="col">Contents</th>
<th role="columnheader" scope="col" class="num">Size</th>
<th role="columnheader" scope="col">Keeps until</th>
<th role="columnheader" scope="col">Note</th>
<th role="columnheader" scope="col"><span class="unseen">Actions</span></th>
</tr></thead><?cs /def ?>
<?cs def:backup_menu(b) ?><details class="menu"><summary>More<span class="unseen"> for <?cs var:b.id ?></span></summary><ul>
<?cs if:b.obstacle && !b.building ?><li><span class="muted">Not restorable: <?cs var:b.obstacle ?></span></li>
<?cs elif:page.may.restore && !b.obstacle ?><li><button type="submit" form="act" formaction="<?cs var:b.href ?>/test">Test restore</button></li>
<?cs /if ?><?cs if:b.ready && !b.obstacle && page.may.download ?><li><a href="<?cs var:b.href ?>/download">Prepare download</a></li>
<?cs /if ?><?cs if:b.ready ?><li><a href="<?cs var:b.href ?>/files">Browse files</a></li>
<li><a href="<?cs var:b.href ?>#restore">Restore by hand</a></li>
<?cs /if ?><?cs if:b.ready && page.may.backup ?><li><button type="submit" form="act" formaction="<?cs var:b.href ?>/verify">Verify now</button></li>
<li><button type="submit" form="act" formaction="<?cs var:b.href ?>/keep" name="keep" value="<?cs if:b.keep ?>0">No longer keep<?cs else ?>1">Keep<?cs /if ?></button></li>
<?cs /if ?><?cs if:page.may.backup ?><li><a href="<?cs var:b.href ?>/note">Edit note</a></li>
<?cs /if ?><?cs if:b.trashed && page.may.delete ?><li><button type="submit" form="act" formaction="<?cs var:b.href ?>/undelete">Put back</button></li>
<?cs elif:b.deletable && page.may.delete ?><li><a href="<?cs var:b.href ?>/delete">Delete</a></li>
<?cs /if ?></ul></details><?cs /def ?>
<?cs def:backup_acts() ?><?cs if:acts ?><form id="act" method="post"><?cs call:secret() ?></form><?cs /if ?><?cs /def ?>
<?cs def:backup_row(b, tick) ?><tr role="row"<?cs if:b.trashed ?> class="is-gone"<?cs /if ?>>
<?cs if:tick ?><td role="cell" data-label="Choose"><input type="checkbox" name="backup" value="<?cs var:b.id ?>" form="bulk" aria-label="Choose <?cs var:b.id ?>"<?cs if:!b.deletable ?> disabled<?cs /if ?>></td>
<?cs /if ?><th role="rowheader" scope="row" class="row-main" data-label="Backup"><span><a href="<?cs var:b.href ?>"><?cs var:b.id ?></a> <span class="muted"><?cs var:b.kind ?></span><?cs if:b.held.mode ?><span class="muted"<?cs if:b.held.text ?> title="The application was paused for <?cs var:b.held.text ?>"<?cs /if ?>>, <?cs if:b.held.live ?>live<?cs else ?>consistent<?cs /if ?></span><?cs /if ?><br><span class="stamp"><?cs call:time(b.created) ?></span><?cs if:page.may.restore && !b.obstacle ?><a href="<?cs var:b.href ?>/restore"<?cs if:forecast ?> title="<?cs var:forecast ?>"<?cs /if ?>>Restore<span class="unseen"> <?cs var:b.id ?></span></a><?cs /if ?></span></th>
<td role="cell" data-label="Status"><?cs if:b.building ?><a href="<?cs var:b.job ?>"><?cs call:state(b.state) ?></a><?cs else ?><?cs call:state(b.state) ?><?cs /if ?><?cs if:b.ready ?><span class="why"><?cs call:state(b.verified) ?><?cs call:since(b.verified.at) ?></span><?cs /if ?><?cs if:b.copies_bad ?><span class="why"><?cs var:b.copies_bad ?> cop<?cs if:b.copies_bad == "1" ?>y is<?cs else ?>ies are<?cs /if ?> not whole</span><?cs /if ?><?cs if:b.tested.word ?><span class="why" title="<?cs var:b.tested.text ?>"><?cs call:icon(b.tested.icon) ?> <?cs var:b.tested.word ?> <?cs call:when(b.tested.at) ?></span><?cs /if ?></td>
<td role="cell" data-label="Contents"><span><?cs call:contents_list(b.contents) ?></span></td>
<td role="cell" class="num" data-label="Size"><span><?cs call:size(b.size) ?><?cs if:b.duration ?> <span class="ago">in <?cs var:b.duration ?></span><?cs /if ?></span></td>
<td role="cell" data-label="Keeps until"><?cs if:b.stays ?><span><?cs var:b.stays ?></span><?cs else ?><span class="muted">—</span><?cs /if ?></td>
<td role="cell" class="wide" data-label="Note"><span><?cs if:b.keep ?><span class="kept"><?cs call:icon("keep") ?>Kept</span> <?cs /if ?><?cs if:b.note ?><span class="note"><?cs var:b.note ?></span><?cs elif:!b.keep ?><span class="muted">—</span><?cs /if ?><?cs if:b.error ?><span class="why"><?cs var:b.error ?></span><?cs /if ?><?cs if:b.suspicion ?><span class="why"><?cs var:b.suspicion ?></span><?cs /if ?></span></td>
<td role="cell"><?cs call:backup_menu(b) ?></td>
</tr><?cs /def ?>
