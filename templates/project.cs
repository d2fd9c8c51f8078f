<?cs # project.cs: one project and its environments ?><?cs include!"macros.cs" ?><?cs include!"part_env_card.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<?cs if:subcount(project.environments) ?><div class="grid">
<?cs each:v = project.environments ?><?cs call:env_card(v) ?>
<?cs /each ?></div>
<?cs else ?><div class="empty"><?cs call:empty("No environments", "Add live first.") ?></div>
<?cs /if ?><?cs if:page.may.configure ?><div class="actions"><a class="button<?cs if:subcount(project.environments) == #0 ?> is-primary<?cs /if ?>" href="<?cs var:project.href ?>/-/environments/new"><?cs call:icon("plus") ?>Add an environment</a> <a class="button" href="<?cs var:project.href ?>/-/schedule">Schedule</a> <a class="button" href="<?cs var:project.href ?>/-/notifications">Notifications</a> <a class="button" href="<?cs var:project.href ?>/-/settings">Settings</a> <a class="button" href="<?cs var:project.href ?>/-/policies">Policies</a></div>
<?cs /if ?><?cs if:project.owners ?><h2>Owners</h2><p class="note"><?cs var:project.owners ?></p>
<?cs /if ?><?cs include!"foot.cs" ?>
